/** children: processes of our own: how they are started, what they may touch, how their log gets to ours. */
export { type ChildOptions, type OurChild, startChildProcess } from './child-process.ts'
export { childLogger } from './child-logger.ts'
