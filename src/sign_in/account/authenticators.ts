import { randomId } from '../../core/ids.ts'
import type { Store } from '../../core/stores.ts'
import { changeOwn, dropSpareCodes } from './changing.ts'
import { type AccountParts, AccountRefused, NotOwn, type Own, readName } from './own.ts'
import { openPending, sealPending } from './pending.ts'

const MOST = 10

interface Pending {
  /** Of the factor that it will be: sent twice, it is made once. */
  readonly id: string
  readonly secret: string
}

export interface NewAuthenticator {
  readonly pending: string
  readonly secret: string
  readonly uri: string
}

export async function listAuthenticators({ store }: AccountParts, { account }: Own) {
  return (await store.factors.totps(account.id))
    .filter(({ confirmed_at }) => confirmed_at !== null)
    .map(({ id, name, created_at }) => ({ id, name, createdAt: created_at }))
}

export async function startAuthenticator(parts: AccountParts, own: Own): Promise<NewAuthenticator> {
  if ((await parts.store.factors.totps(own.account.id)).length >= MOST) throw new AccountRefused('invalid')
  const { secret, uri } = await parts.factors.beginEnrolment(own.account.id)
  return { secret, uri, pending: sealPending<Pending>(parts, own, 'authenticator', { id: randomId(16), secret }) }
}

/** The page of one that is on its way, once more. */
export function againAuthenticator(parts: AccountParts, own: Own, pending: string): NewAuthenticator {
  const { secret } = openPending<Pending>(parts, own, 'authenticator', pending)
  return { pending, secret, uri: parts.factors.uriOf(secret, own.account.id) }
}

export async function addAuthenticator(
  parts: AccountParts,
  own: Own,
  given: { readonly pending: string; readonly name: string; readonly code: string },
): Promise<string | undefined> {
  const { id, secret } = openPending<Pending>(parts, own, 'authenticator', given.pending)
  const name = readName(given.name)
  const step = await parts.factors.stepOfNew(secret, given.code, own.account.id, own.address)
  if (step === undefined) throw new AccountRefused('wrong', { at: 'code', typed: name })
  if (!(await parts.once(`authenticator ${id}`, 3_600))) throw new AccountRefused('gone')
  const totp = parts.factors.newTotp({ account: own.account.id, name, secret, step, id })
  const data = { factor: 'totp', id }
  const proved = ['otp'] as const
  const change = { event: 'account.factor_added', data, notice: 'authenticator_added', renews: true, proved } as const
  return changeOwn(parts, own, change, (store) => store.factors.insertTotp(totp))
}

export function removeAuthenticator(parts: AccountParts, own: Own, id: string): Promise<string | undefined> {
  const data = { factor: 'totp', id }
  const change = { event: 'account.factor_removed', data, notice: 'authenticator_removed', renews: true } as const
  return changeOwn(parts, own, change, async (store) => {
    await requireOwn(store, own, id)
    await store.factors.deleteTotp(id)
    await dropSpareCodes(store, own.account.id, parts.now())
  })
}

export function authenticatorName({ store }: AccountParts, own: Own, id: string): Promise<string> {
  return requireOwn(store, own, id)
}

async function requireOwn(store: Store, { account }: Own, id: string): Promise<string> {
  const factor = (await store.factors.totps(account.id)).find((one) => one.id === id)
  if (factor === undefined) throw new NotOwn('no such authenticator app')
  return factor.name
}
