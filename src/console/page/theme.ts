/** Light, dark, or as the machine says. */
import { useEffect, useState } from 'preact/hooks'

export type Theme = 'auto' | 'light' | 'dark'

/** The second value changes whenever colours do. */
export function useTheme(): [Theme, string, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((known) => known === localStorage.getItem(NAME)) ?? 'auto')
  const [isDark, setDark] = useState(DARK.matches)
  useEffect(() => {
    const follow = () => setDark(DARK.matches)
    DARK.addEventListener('change', follow)
    return () => DARK.removeEventListener('change', follow)
  }, [])
  // Before the children draw: they read colours.
  document.documentElement.dataset['theme'] = theme
  return [
    theme,
    `${theme} ${isDark}`,
    (next) => {
      localStorage.setItem(NAME, next)
      setTheme(next)
    },
  ]
}

export const THEMES = ['auto', 'light', 'dark'] as const
const NAME = 'theme'
const DARK = matchMedia('(prefers-color-scheme: dark)')
