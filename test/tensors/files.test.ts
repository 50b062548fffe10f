/** Files of tensors that cannot be read are told by name, as other files are. */
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'vitest'
import { hashTensors } from '#tensors'
import { expectRefusal, modelOf, unprivileged } from '../hashing/support.ts'

it.each(['w.safetensors', 'w.gguf'])('refuses %s that it may not read', async (name) => {
  const root = modelOf({ [name]: 'content', 'config.json': '{}' })
  chmodSync(join(root, name), 0)
  await unprivileged(root, () => expectRefusal(hashTensors(root), 'FILE_UNREADABLE', `${name} cannot be read (EACCES)`))
})
