/** Has the daemon move old entries of its log into cold storage. */
import { SealstoneError } from '#core'
import { type ArchiveEntriesResponse, toTimestamp } from '#wire'
import { type Channel, LONG_MS } from './channel.ts'
import type { ArchiveInfo, ArchiveOptions, ArchiveRequest } from './types.ts'

export async function archiveEntries(channel: Channel, { before, olderThan }: ArchiveRequest, options: ArchiveOptions = {}): Promise<ArchiveInfo> {
  const request = {
    ...(before === undefined ? {} : { beforeIndex: String(before) }),
    ...(olderThan === undefined ? {} : { writtenBefore: toTimestamp(olderThan) }),
  }
  const call = { timeoutMs: LONG_MS, ...options }
  let info: ArchiveInfo | undefined
  for await (const { done, total, report } of channel.stream<ArchiveEntriesResponse>((grpc) => channel.audit.archiveEntries(request, grpc), call)) {
    if (report === null) options.onProgress?.(Number(done), Number(total))
    else {
      const { directory, endIndex, moved, size, bytesBefore, bytesAfter } = report
      const bytes = { bytesBefore: Number(bytesBefore), bytesAfter: Number(bytesAfter) }
      info = { directory, end: BigInt(endIndex), moved: Number(moved), size: BigInt(size), ...bytes }
    }
  }
  if (info === undefined) throw new SealstoneError('INTERNAL', 'the daemon did not say what it moved')
  return info
}
