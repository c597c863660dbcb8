import type { ItemOf } from '../client/index.ts'
import { given } from './input.ts'
import { type Current, compact, differences, type Entry } from './state_current.ts'
import type { StateFile, WebhookEntry } from './state_file.ts'
import type { Step } from './state_plan.ts'

/** Webhooks in a state file: what each is, and what its step of a plan sends. */

type Item = ItemOf<'/webhooks'>
type Run = NonNullable<Step['run']>
type Update = { name?: string; url?: string; types?: Types; network?: Item['network']; disabled?: boolean }
type Types = WebhookEntry['types']

/** One that a restore suspended is not a difference: activating it is a decision, not a state. */
export function webhookEntry(webhook: WebhookEntry | Item): Entry {
  const { id, url, types, network } = webhook
  const disabled = 'state' in webhook ? webhook.state === 'disabled' : webhook.disabled
  return compact({ id, name: nameOf(webhook), url, types, network: compact(network), disabled })
}

function nameOf({ name, url }: { readonly name?: string | undefined; readonly url: string }): string {
  return name ?? new URL(url).hostname
}

export function webhookFaults({ webhooks = [] }: StateFile, current: Current): string[] {
  if (webhooks.length === 0 || current.webhooks !== undefined) return []
  return ['webhooks: your key may not read them (webhooks.read)']
}

export function webhookStep(entry: WebhookEntry, { webhooks = [] }: Current, sendSecrets: boolean): Step {
  const base = { noun: 'webhook', id: entry.id } as const
  const secrets = entry.secret === undefined ? undefined : { secret: entry.secret }
  const before = webhooks.find(({ id }) => id === entry.id)
  if (before === undefined) return { ...base, action: 'create', fields: [], secrets, run: create(entry) }
  const fields = differences(webhookEntry(before), webhookEntry(entry))
  const moved = fields.includes('url') || fields.includes('network')
  const sends = moved || (sendSecrets && secrets !== undefined)
  if (fields.length === 0 && !sends) return { ...base, action: 'unchanged', fields }
  const told = sends ? [...fields, 'secret'] : fields
  return {
    ...base,
    action: 'update',
    fields: told,
    secrets: sends ? secrets : undefined,
    run: update(entry, fields, sends),
  }
}

function create({ secret: _, ...body }: WebhookEntry): Run {
  return async (server, secrets, _verify, shownOnce) => {
    const made = await server.post('/webhooks', { body: { ...body, ...given({ secret: secrets.secret }) } })
    if (made.secret !== null) shownOnce({ webhook: made.id, secret: made.secret })
  }
}

/** Another address without a secret of its own gets a new one: the old receiver knows the old. */
function update(entry: WebhookEntry, fields: readonly string[], sends: boolean): Run {
  const { id, url, types, network, disabled } = entry
  const whole = { name: nameOf(entry), url, types, network, disabled }
  const body: Update = Object.fromEntries(Object.entries(whole).filter(([name]) => fields.includes(name)))
  return async (server, secrets, _verify, shownOnce) => {
    const secret = sends ? { secret: secrets.secret ?? 'new' } : {}
    const changed = await server.patch('/webhooks/{id}', { params: { id }, body: { ...body, ...secret } })
    if (changed.secret !== null) shownOnce({ webhook: id, secret: changed.secret })
  }
}

/** Only where the file speaks of webhooks at all: one from before there were any must not delete them. */
export function webhookDeletions({ webhooks: named }: StateFile, { webhooks = [] }: Current): Step[] {
  if (named === undefined) return []
  return webhooks
    .filter(({ id }) => !named.some((entry) => entry.id === id))
    .map(({ id }) => ({
      ...{ action: 'delete', noun: 'webhook', fields: [] },
      id,
      run: async (server) => {
        await server.delete('/webhooks/{id}', { params: { id } })
      },
    }))
}
