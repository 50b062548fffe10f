/** Holds the model's files open and gives the command links to these very descriptors: whatever is renamed, removed or put in their place, it reads what was hashed. */
import { closeSync, fstatSync, fsyncSync, mkdirSync, statfsSync, symlinkSync } from 'node:fs'
import { SealstoneError } from '#core'
import { openSource } from './open-source.ts'
import { removeReadOnly } from './private-folder.ts'
import { foldersOf, placeOf, type View, type ViewRequest } from './view.ts'

/**
 * A writer that can open the file can still change it in place; `look` shows that afterwards. The links lead to this process and not to
 * `/proc/self`, since programs close descriptors that they do not know of in their own children, who would then open other files by the same numbers.
 * @param careful refuses file systems that do not tell of every change. Throws GUARD_UNAVAILABLE, MODEL_CHANGED, FILE_UNREADABLE.
 */
export function holdDescriptors(request: ViewRequest, careful: boolean): { view: View; notes: readonly string[] } {
  const { source, folder } = request
  const root = `${folder}/${source.name}`
  if (process.platform !== 'linux') throw new SealstoneError('GUARD_UNAVAILABLE', 'this system has no links to open files')
  if (source.files.length > MOST_FILES)
    throw new SealstoneError('GUARD_UNAVAILABLE', `the model has ${source.files.length} files, want at most ${MOST_FILES}`)
  const notes = tellsOfChanges(source.root) ? [] : ['the file system of the model does not tell of every change: one in place may go unseen']
  if (careful && notes.length > 0) throw new SealstoneError('GUARD_UNAVAILABLE', 'the file system of the model does not tell of every change')
  using undo = new DisposableStack()
  undo.defer(() => removeReadOnly(root))
  const open = new Map<string, number>()
  for (const each of foldersOf(request)) mkdirSync(each, { mode: 0o700 })
  for (const file of source.files) {
    const descriptor = openSource(file, request)
    undo.defer(() => closeSync(descriptor))
    // Written pages become clean, and the next write through a memory map that is there already shows in the file's times (page_mkwrite).
    fsyncSync(descriptor)
    symlinkSync(`/proc/${process.pid}/fd/${descriptor}`, placeOf(request, file))
    open.set(file.name, descriptor)
  }
  const held = undo.move()
  const view = {
    path: root,
    links: true,
    look: () => new Map(Array.from(open, ([name, descriptor]) => [name, fstatSync(descriptor, { bigint: true })])),
    [Symbol.dispose]: () => held.dispose(),
  }
  return { view, notes }
}

function tellsOfChanges(path: string): boolean {
  return LOCAL_FILE_SYSTEMS.has(statfsSync(path).type)
}

// statfs(2) and linux/magic.h: ext2–4, XFS, Btrfs, F2FS, overlayfs, and the read-only squashfs, EROFS and ISO 9660. On tmpfs a write through
// a memory map leaves the times as they are; on network file systems others write without this kernel's knowledge.
const LOCAL_FILE_SYSTEMS: ReadonlySet<number> = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x794c7630, 0x73717368, 0xe0f5e1e2, 0x9660])
const MOST_FILES = 1024
