import { z } from 'zod'
import type { Connector as CatalogueEntry } from '../outbound/connectors/connector.ts'
import { asksPerson } from '../outbound/exchange.ts'
import type { SecretFields } from '../outbound/scheme.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'

export const Connector = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  docs: z.string(),
  source: z.string(),
  schemes: z.array(z.string()),
  consent: z.array(z.string()).describe('Those of its schemes in which a person agrees at the service'),
  settings: z.record(z.string(), z.record(z.string(), z.unknown())),
  secrets: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))),
  base_url: z.string(),
  test: z.string().nullable(),
  limits: z.record(z.string(), z.number()),
  grants: z.record(z.string(), z.array(z.string())),
  never: z.array(z.string()),
})

/** A catalogue entry with what each of its schemes asks for. */
export function presentConnector({
  connector,
  source,
}: {
  connector: CatalogueEntry
  source: string
}): z.input<typeof Connector> {
  const { test } = connector
  return {
    id: connector.id,
    name: connector.name,
    description: connector.description ?? null,
    docs: connector.docs,
    source: source === 'shipped' ? 'shipped' : 'own',
    schemes: [...connector.schemes],
    consent: connector.schemes.filter((scheme) => asksPerson(SCHEMES[scheme]?.exchange, { connector, settings: {} })),
    settings: plain(connector.settings),
    secrets: Object.fromEntries(connector.schemes.map((scheme) => [scheme, plain(fieldsOf(connector, scheme))])),
    base_url: connector.base_url,
    test: test === undefined ? null : `${test.method} ${test.path}`,
    limits: plain(connector.limits),
    grants: Object.fromEntries(Object.entries(connector.grants).map(([name, rules]) => [name, [...rules]])),
    never: [...connector.never],
  }
}

export function fieldsOf(connector: CatalogueEntry, scheme: string): SecretFields {
  return SCHEMES[scheme]?.requires(connector) ?? {}
}

/** Without the keys that say nothing. */
function plain<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value))
}
