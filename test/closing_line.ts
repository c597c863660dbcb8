import type { Reporter, TestModule } from 'vitest/node'

/** Ends the run with one plain line for whoever reads only that: `N passed, N failed`. A skipped test counts as failed. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let passed = 0
    let failed = 0
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++
        else failed++
      }
      // A file that does not even load has no tests to count.
      failed += module.errors().length
    }
    if (failed > 0) process.exitCode = 1
    console.log(`\n${passed} passed, ${failed} failed`)
  }
}
