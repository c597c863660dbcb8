import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectorJsonSchema } from '../src/outbound/connector.ts'

/** `npm run docs`: writes what is made from the code and committed, so that editors and readers have it without running anything. */
const file = join(import.meta.dirname, '..', 'connectors', 'connector.schema.json')
await writeFile(file, `${JSON.stringify(connectorJsonSchema(), null, 2)}\n`)
console.log('written: connectors/connector.schema.json')
