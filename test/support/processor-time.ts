/** What work costs this process in processor time: other than the time of day it is the same on a busy machine. */

/** @return milliseconds of all threads of this process, since this was called */
export function processorMs(): () => number {
  const before = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}
