/** How the tests run: in processes of their own, and no test may be singled out or left out. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: `${import.meta.dirname}/..`,
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/units/**'], // these run in `make test-interop` and `make test-units`
    globalSetup: ['test/support/homes.ts'],
    pool: 'forks',
    maxWorkers: 3, // many tests wait for a daemon more than they compute
    allowOnly: false,
    passWithNoTests: false,
    // Bounds for a machine that is slow and busy: they end what hangs, and say nothing of how long anything should take.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { interval: 50, timeout: 110_000 } },
  },
})
