/** digestcache: the digests of an earlier hashing, in an SQLite file of the state directory. */
export { openDigestCache, type OpenDigestCache } from './digest-cache.ts'
