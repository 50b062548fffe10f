/** How `make test-interop` runs: as all tests do, against other people's tokens, which are built first and slower. */
import { defineConfig } from 'vitest/config'
import everywhere from '../vitest.config.ts'

export default defineConfig({
  test: { ...everywhere.test, include: ['test/interop/**/*.test.ts'], exclude: [], testTimeout: 120_000, hookTimeout: 120_000 },
})
