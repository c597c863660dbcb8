import { newEvent } from '../../core/events.ts'
import type { Consent } from '../../core/openid_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Asked } from './stage.ts'

/** What somebody has decided about an application. */
export interface Decision {
  readonly account: string
  readonly client: string
  readonly asked: Asked
}

/** Kept with what he had allowed before, with its event, in one transaction: of two tabs at once, neither forgets what the other allowed. */
export function giveConsent(store: Store, decision: Decision, at: Date): Promise<void> {
  const { account, client, asked } = decision
  return store.transaction(async (bound) => {
    const before = await bound.consents.get(account, client)
    await bound.consents.put(together(before, decision, at.toISOString()))
    await bound.events.insert(newEvent('consent.given', `account:${account}`, dataOf(client, asked), at))
  })
}

export function refuseConsent(store: Store, { account, client, asked }: Decision, at: Date): Promise<void> {
  return store.events.insert(newEvent('consent.refused', `account:${account}`, dataOf(client, asked), at))
}

function dataOf(client: string, { scopes, resources }: Asked) {
  return { client, scopes, resources }
}

function together(before: Consent | undefined, { account, client, asked }: Decision, now: string): Consent {
  const ids = [...new Set([...(before?.resources ?? []), ...asked.resources].map(({ id }) => id))]
  const scopesOf = (resources: Asked['resources'], id: string) => resources.find((one) => one.id === id)?.scopes ?? []
  return {
    account,
    client,
    scopes: union(before?.scopes ?? [], asked.scopes),
    resources: ids.map((id) => {
      return { id, scopes: union(scopesOf(before?.resources ?? [], id), scopesOf(asked.resources, id)) }
    }),
    created_at: before?.created_at ?? now,
    updated_at: now,
  }
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])]
}
