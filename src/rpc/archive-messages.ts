/** Moving old entries into cold storage: which ones come in, how far it is and what was done go out. */
import type { ArchiveReport, ArchiveStep, WantedEntries } from '#operations'
import { type ArchiveEntriesRequest, type ArchiveEntriesResponseInit, fromTimestamp, readWith, refuse } from '#wire'
import { toLogIndex } from './audit-messages.ts'

/** Throws INPUT_INVALID, with the field. */
export function toWantedEntries({ beforeIndex, writtenBefore }: ArchiveEntriesRequest): WantedEntries {
  if (beforeIndex === undefined && writtenBefore === null)
    return refuse('before_index', 'is missing, and so is written_before: want one of them or both')
  return {
    ...(beforeIndex === undefined ? {} : { before: toLogIndex(beforeIndex, 'before_index') }),
    ...(writtenBefore === null ? {} : { olderThan: readWith(() => fromTimestamp(writtenBefore), '', 'written_before') }),
  }
}

export function archiveMessage(news: Exclude<ArchiveStep, { kind: 'moved' }> | ArchiveReport): ArchiveEntriesResponseInit {
  if (news.kind === 'progress') return { done: String(news.done), total: String(news.total) }
  const { directory, end, moved, size, bytesBefore, bytesAfter } = news
  return {
    report: {
      directory,
      endIndex: String(end),
      moved: String(moved),
      size: String(size),
      bytesBefore: String(bytesBefore),
      bytesAfter: String(bytesAfter),
    },
  }
}
