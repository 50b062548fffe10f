/** Times of log entries and of changes of keys are in order, whatever the wall clock does. */
import { expect, it } from 'vitest'
import { Timeline } from '#core'

let wall = 0
let steady = 0
const timeline = (start: number): Timeline => {
  wall = start
  return new Timeline({ now: () => new Date(wall), monotonicMs: () => steady })
}

it('follows the clock forwards and stands still while it is behind', () => {
  const time = timeline(5000)
  const seen = [5000, 9000, 2000, 8999, 9001].map((now) => {
    wall = now
    return [time.now().getTime(), time.behindMs]
  })
  expect(seen).toEqual([
    [5000, 0],
    [9000, 0],
    [9000, 7000],
    [9000, 1],
    [9001, 0],
  ])
})

it('puts a change after every entry before it, and every entry behind it not before it', () => {
  const time = timeline(5000)
  expect([time.now(), time.now(), time.next(), time.now(), time.next()].map((date) => date.getTime())).toEqual([5000, 5000, 5001, 5001, 5002])
})

it('goes on from what an earlier process gave', () => {
  const time = timeline(5000)
  time.reach(new Date(7000))
  time.reach(new Date(6000))
  expect(time.next().getTime()).toBe(7001)
})

it('tells how long it has been there, in whole milliseconds, whatever the wall clock does', () => {
  steady = 250.5
  const time = timeline(5000)
  wall = -9000
  steady = 1251
  expect(time.uptimeMs).toBe(1000)
})
