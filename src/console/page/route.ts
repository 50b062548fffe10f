/** Which view is open, kept in the address behind the #, so that back, forward and reload work. */
import { useEffect, useState } from 'preact/hooks'

export const VIEWS = ['entries', 'tree', 'keys', 'trust'] as const
export type View = (typeof VIEWS)[number]

export interface Route {
  readonly view: View
  /** The entry whose story is open. */
  readonly entry?: string
}

export function useRoute(): [Route, (route: Route) => void] {
  const [route, setRoute] = useState(readRoute)
  useEffect(() => {
    const follow = () => setRoute(readRoute())
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  return [
    route,
    ({ view, entry }) => {
      location.hash = entry === undefined ? `/${view}` : `/${view}/${entry}`
    },
  ]
}

function readRoute(): Route {
  const [, name, entry] = /^#\/([a-z]+)(?:\/(\d{1,18}))?$/.exec(location.hash) ?? []
  const view = VIEWS.find((known) => known === name) ?? 'entries'
  return entry === undefined ? { view } : { view, entry }
}
