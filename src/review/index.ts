/** review: what people and other systems make of the log: stories, reports, exports. From a reader of entries; prints nothing. */
export type { KeyHistory, LogIdentity, LogReader, ReadOptions } from './sources.ts'
export { type Story, type StoryId, type StoryStep, tellStory } from './story.ts'
