import type { Store } from '../../core/stores.ts'
import { parsed } from '../factors/account_factors.ts'
import type { Passkeys } from '../factors/passkeys.ts'
import { changeOwn, dropSpareCodes } from './changing.ts'
import { type AccountParts, AccountRefused, NotOwn, type Own, readName } from './own.ts'
import { openPending, sealPending } from './pending.ts'
import { offeredMethods, requireWayIn } from './ways_in.ts'

/** More than anybody has; each is looked at when the next is made. */
const MOST = 25

interface Pending {
  readonly challenge: string
}

export interface NewPasskey {
  readonly pending: string
  readonly options: unknown
}

export async function listPasskeys({ store }: AccountParts, { account }: Own) {
  return (await store.factors.passkeys(account.id)).map((passkey) => ({
    id: passkey.id,
    name: passkey.name,
    backedUp: passkey.backed_up,
    createdAt: passkey.created_at,
    lastUsedAt: passkey.last_used_at,
  }))
}

export async function startPasskey(parts: AccountParts, own: Own): Promise<NewPasskey> {
  const existing = await parts.store.factors.passkeys(own.account.id)
  if (existing.length >= MOST) throw new AccountRefused('invalid')
  const { options, challenge } = await available(parts).askNew(own.account, existing)
  return { options, pending: sealPending<Pending>(parts, own, 'passkey', { challenge }) }
}

export async function addPasskey(
  parts: AccountParts,
  own: Own,
  given: { readonly pending: string; readonly name: string; readonly response: string },
): Promise<string | undefined> {
  const { challenge } = openPending<Pending>(parts, own, 'passkey', given.pending)
  const name = readName(given.name)
  const response = parsed(given.response)
  const made = await available(parts).readNew(own.account.id, name, { response, challenge })
  // Somebody else's authenticator, or his own once more, is none either.
  if (made === undefined || (await parts.store.factors.passkey(made.passkey.id)) !== undefined)
    throw new AccountRefused('passkey', { typed: name })
  const { passkey, amr } = made
  const data = { factor: 'passkey', id: passkey.id }
  const change = { event: 'account.factor_added', data, notice: 'passkey_added', renews: true, proved: amr } as const
  return changeOwn(parts, own, change, (store) => store.factors.insertPasskey(passkey))
}

export async function renamePasskey(parts: AccountParts, own: Own, id: string, typed: string): Promise<void> {
  const name = readName(typed, id)
  await parts.store.transaction(async (store) => {
    await requireOwn(store, own, id)
    await store.factors.renamePasskey(id, name)
  })
}

export async function removePasskey(parts: AccountParts, own: Own, id: string): Promise<string | undefined> {
  const offered = await offeredMethods(parts)
  const data = { factor: 'passkey', id }
  const change = { event: 'account.factor_removed', data, notice: 'passkey_removed', renews: true } as const
  return changeOwn(parts, own, change, async (store) => {
    await requireOwn(store, own, id)
    await store.factors.deletePasskey(id)
    await dropSpareCodes(store, own.account.id, parts.now())
    await requireWayIn(store, own.account.id, offered, id)
  })
}

/** The label of one, for the question before it is removed. */
export async function passkeyName({ store }: AccountParts, own: Own, id: string): Promise<string> {
  return requireOwn(store, own, id)
}

async function requireOwn(store: Store, { account }: Own, id: string): Promise<string> {
  const passkey = await store.factors.passkey(id)
  if (passkey?.account !== account.id) throw new NotOwn('no such passkey')
  return passkey.name
}

function available({ passkeys }: AccountParts): Passkeys {
  if (passkeys === undefined) throw new AccountRefused('passkey')
  return passkeys
}
