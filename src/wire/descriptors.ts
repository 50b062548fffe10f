/** What reflection tells other people's tools: the descriptors as a compiler makes them. Those that the loader derives name no imports. */
import { readFileSync } from 'node:fs'
import type { PackageDefinition } from '@grpc/proto-loader'
import { splitMessages } from './strict-message.ts'

/** Of our services and of health, in the form that `@grpc/reflection` takes. */
export function loadDescriptors(): PackageDefinition {
  // google.protobuf.FileDescriptorSet: field 1, one FileDescriptorProto each
  const files = splitMessages(readFileSync(DESCRIPTORS))
  return { descriptors: { fileDescriptorProtos: files } } as unknown as PackageDefinition
}

const DESCRIPTORS = new URL('./generated/descriptors.binpb', import.meta.url)
