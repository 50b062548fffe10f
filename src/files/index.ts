/** files: written so that a reader, or a crash, meets the old content or the new one and nothing between. */
export { type FileContent, removeStaleTemporaries, type WriteOptions, writeFiles } from './atomic-write.ts'
export { FolderMaker } from './folder-maker.ts'
export { makeDirectories } from './make-directories.ts'
