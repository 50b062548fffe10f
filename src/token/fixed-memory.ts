/** All that foreign functions are needed for, done at the start; then the process may call none any more. */
import { getRawPointer } from 'node:ffi'
import { makeSecretArea } from './secret-memory.ts'

/** Where secrets of this process lie. */
export const secretArea = makeSecretArea()

/** Where the token reads the context of a signature: additional-context.ts. FIPS 204 §5.2: at most 255 bytes. */
export const contextMemory = new Uint8Array(new ArrayBuffer(255))
export const contextAddress = getRawPointer(contextMemory)

// Without the permission model there is nothing to drop.
const { permission } = process as Partial<Pick<NodeJS.Process, 'permission'>>
permission?.drop('ffi')
