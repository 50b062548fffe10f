/** No guard: the model where it is. */
import { lstatSync, statSync } from 'node:fs'
import { LOOK, type View, type ViewRequest } from './view.ts'

export function inPlace({ source, followLinks }: ViewRequest): View {
  const look = followLinks ? statSync : lstatSync
  return {
    path: source.root,
    links: false,
    look: () => new Map(source.files.map(({ name, path }) => [name, look(path, LOOK)])),
    [Symbol.dispose]() {},
  }
}
