import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { reference } from '../src/cli/reference.ts'
import { connectorJsonSchema } from '../src/outbound/connectors/connector.ts'

/** `npm run docs`: writes what is made from the code and committed, so that editors and readers have it without running anything. */
const root = join(import.meta.dirname, '..')

const MADE: Readonly<Record<string, () => string | Promise<string>>> = {
  'connectors/connector.schema.json': () => `${JSON.stringify(connectorJsonSchema(), null, 2)}\n`,
  'docs/cli.md': reference,
}

for (const [file, make] of Object.entries(MADE)) {
  await writeFile(join(root, file), await make())
  console.log(`written: ${file}`)
}
