/** How `make test-interop` runs: as all tests do, against other people's tokens. */
import { defineConfig } from 'vitest/config'
import everywhere from '../vitest.config.ts'

export default defineConfig({
  test: { ...everywhere.test, include: ['test/interop/**/*.test.ts'], exclude: [] },
})
