/** The states of a key version, as the records of keys, the trust file and the API name them. */

/** NIST SP 800-57 part 1 rev. 5 §7. */
export type KeyState = (typeof KEY_STATES)[number]

/** When a version came into each state; RFC 3339 in UTC with milliseconds. `compromised` is the time since when it is not believed. */
export type KeyTimes = { readonly [State in Exclude<KeyState, 'pre-active'>]?: string }

export const KEY_STATES = ['pre-active', 'active', 'suspended', 'deactivated', 'compromised', 'destroyed'] as const
