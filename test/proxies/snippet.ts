import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const INTEGRATIONS = join(import.meta.dirname, '../../integrations')

/** The example values of a configuration file, and what stands there in a test. */
export type Values = ReadonlyArray<readonly [example: string, value: string]>

/** A configuration file as it ships, with its examples replaced. A file that has lost one is not the file that is tested. */
export function filled(file: string, values: Values): string {
  let text = readFileSync(join(INTEGRATIONS, file), 'utf8')
  for (const [example, value] of values) {
    if (!text.includes(example)) throw new Error(`${file} has no ${JSON.stringify(example)}`)
    text = text.replaceAll(example, value)
  }
  return text
}
