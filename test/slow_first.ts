import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Real browsers, killed processes, programs started a hundred times: begun last, they are what everybody waits for at the end. */
const SLOW = /\/test\/(?:browser|faults|cli|deploy|conformance|proxies)\/|_(?:browser|chromium)\.test\.ts$/

/** The order of Vitest (what failed, what took long, what is large), with what is known to be slow before the rest. */
export default class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.test(moduleId)
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))]
  }
}
