import type { z } from 'zod'
import type { Connector } from '../outbound/connector.ts'
import type { SecretFields } from '../outbound/scheme.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import type { Connector as Shown } from './connectors_list.ts'

/** A catalogue entry with what each of its schemes asks for. */
export function presentConnector({
  connector,
  source,
}: {
  connector: Connector
  source: string
}): z.input<typeof Shown> {
  const { test } = connector
  return {
    id: connector.id,
    name: connector.name,
    description: connector.description ?? null,
    docs: connector.docs,
    source: source === 'shipped' ? 'shipped' : 'own',
    schemes: [...connector.schemes],
    settings: plain(connector.settings),
    secrets: Object.fromEntries(connector.schemes.map((scheme) => [scheme, plain(fieldsOf(connector, scheme))])),
    base_url: connector.base_url,
    test: test === undefined ? null : `${test.method} ${test.path}`,
    limits: plain(connector.limits),
    grants: Object.fromEntries(Object.entries(connector.grants).map(([name, rules]) => [name, [...rules]])),
    never: [...connector.never],
  }
}

export function fieldsOf(connector: Connector, scheme: string): SecretFields {
  return SCHEMES[scheme]?.requires(connector) ?? {}
}

/** Without the keys that say nothing. */
function plain<T>(value: unknown): T {
  return JSON.parse(JSON.stringify(value))
}
