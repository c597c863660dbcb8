import { SignInRefused } from '../../method.ts'
import type { SignInState } from '../sign_in_state.ts'
import type { At, Step } from './step.ts'

/** Somebody who links an identity has proved who he is within so long. */
export const FRESH_MS = 600_000

/**
 * Whose proof it is: an account by its own proof, or by (issuer, subject). Never by an e-mail address (B-22, B-40). Where nobody is known, the
 * purpose may say whose it becomes: the account that links it, or the one that is invited.
 */
export const accountStep: Step = {
  name: 'account',
  async ask(state, at) {
    const settled = state.account !== null || state.create ? state : await settle(state, at)
    if (settled.account !== null) await requireUsable(settled.account, at)
    return settled
  },
}

async function settle(state: SignInState, at: At): Promise<SignInState> {
  const known = await knownBy(state, at)
  const wanted = await wantedBy(state, at)
  if (known === undefined && state.flow.purpose.kind === 'prove')
    throw new SignInRefused('unknown', 'No account is known by this: there is nothing to link with.')
  if (wanted === undefined) return { ...state, account: known ?? null }
  if (known === undefined) return { ...state, account: wanted, link: true }
  if (known !== wanted)
    throw new SignInRefused('not_allowed', 'Another account signs in with what was proved. It can belong to one only.')
  return { ...state, account: known }
}

async function knownBy({ proof }: SignInState, { parts }: At): Promise<string | undefined> {
  if (proof.kind === 'account') return proof.account
  return (await parts.store.identities.find(proof.issuer, proof.subject))?.account
}

/** The account that it has to be, by the purpose of the flow. */
async function wantedBy(
  { proof, flow: { purpose } }: SignInState,
  { parts, session }: At,
): Promise<string | undefined> {
  if (purpose.kind === 'invitation') {
    const invited = await parts.links.invited(purpose.link)
    if (invited === undefined) throw new SignInRefused('spent', 'The invitation was used already, or is too old.')
    return invited
  }
  if (purpose.kind !== 'link') return undefined
  if (proof.kind === 'account') throw new SignInRefused('bad_request', 'This way to sign in is no identity to link.')
  const isFresh = session !== undefined && parts.now() - Date.parse(session.auth_time) <= FRESH_MS
  if (!isFresh || session.account !== purpose.account)
    throw new SignInRefused('stale', 'Sign in again, then link the other way to sign in.')
  return purpose.account
}

async function requireUsable(id: string, { parts }: At): Promise<void> {
  const account = await parts.store.accounts.get(id)
  if (account?.kind !== 'person') throw new SignInRefused('unknown', 'No account of a person is known by this.')
  if (account.disabled_at !== null) throw new SignInRefused('disabled', 'The account is disabled.')
}
