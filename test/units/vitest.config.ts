/** How `make test-units` runs: as all tests do, on a systemd of its own. */
import { defineConfig } from 'vitest/config'
import everywhere from '../vitest.config.ts'

export default defineConfig({
  test: { ...everywhere.test, include: ['test/units/**/*.test.ts'], exclude: [] },
})
