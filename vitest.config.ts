import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import SlowFirst from './test/slow_first.ts'

const long = process.env.OCTROI_TEST_LONG === '1'

export default defineConfig({
  test: {
    // Real processes, databases and time-outs: what is slow here is not a fault by itself.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is written in batches comes half a second later, on a busy machine more.
    expect: { poll: { timeout: 15_000 } },
    globalSetup: './test/run_folder.ts',
    pool: 'forks',
    // Much of it waits for other processes and for time limits: more files at once than there are processors.
    maxWorkers: availableParallelism() + 2,
    // A suite that cannot run says so by failing; an empty one as well.
    passWithNoTests: false,
    allowOnly: false,
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts', 'demo/**/*.test.ts', ...(long ? ['test/**/*.long.ts'] : [])],
        },
      },
      // What stands beside its source changes nothing that others see: to load the sources anew for each file takes longer than the tests do.
      { extends: true, test: { name: 'units', include: ['src/**/*.test.ts'], isolate: false } },
    ],
    reporters: ['default', './test/closing_line.ts'],
  },
})
