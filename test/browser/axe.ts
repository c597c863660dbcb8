import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults, RunOptions } from 'axe-core'
import type { Page } from 'playwright-core'

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Levels A and AA of WCAG 2.0, 2.1 and 2.2. */
const RUN: RunOptions = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
  resultTypes: ['violations'],
}

/**
 * What axe finds wrong with a page: `rule: element (why)`. Throws when it looked at nothing. It comes in over the debugging protocol,
 * which the page's policy does not hold back; the page itself stays as it is.
 */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(SOURCE)
  const results = (await page.evaluate(`axe.run(document, ${JSON.stringify(RUN)})`)) as AxeResults
  if (results.passes.length < 5) throw new Error('axe checked next to nothing: was the page empty?')
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} (${failureSummary ?? ''})`),
  )
}
