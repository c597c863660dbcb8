import type { Held } from '../connections/held.ts'
import type { Connector, SettingField } from '../connectors/connector.ts'
import { asksPerson } from '../exchange.ts'
import type { SecretField } from '../scheme.ts'
import { SCHEMES } from '../schemes/index.ts'
import type { Draft } from './draft.ts'

export interface Questions {
  readonly settings: readonly (readonly [string, SettingField])[]
  readonly secrets: readonly (readonly [string, SecretField])[]
}

/**
 * What a person has to be asked for. An existing connection is asked for its secrets only, and for none where the service asks the
 * person itself: the registration of the application is at hand.
 */
export function questionsFor(connector: Connector, draft: Draft, scheme: string, hasApp: boolean): Questions {
  const { connection, before, fixed } = draft
  const consent = asksPerson(SCHEMES[scheme]?.exchange, { connector, settings: connection.settings })
  const isOwn = ([name, field]: readonly [string, SecretField]) =>
    field.begins === undefined && !(hasApp && field.scope === 'app') && !Object.hasOwn(draft.secrets, name)
  const all = Object.entries(SCHEMES[scheme]?.requires(connector) ?? {})
  return {
    settings: before !== null ? [] : Object.entries(settingsOf(connector)).filter(([name]) => !fixed.includes(name)),
    secrets: before !== null && consent ? [] : all.filter(isOwn),
  }
}

/** Which account is chosen among those that the service lists is asked later. */
function settingsOf(connector: Connector): Readonly<Record<string, SettingField>> {
  const chosen = connector.accounts?.setting
  return Object.fromEntries(Object.entries(connector.settings).filter(([name]) => name !== chosen))
}

export function needsConsent({ scheme, connector, connection, token }: Held): boolean {
  return token === null && asksPerson(scheme.exchange, { connector, settings: connection.settings })
}
