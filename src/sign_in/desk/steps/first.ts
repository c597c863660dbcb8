import { canonicalEmail } from '../../../policy/email.ts'
import { type Claims, SignInRefused } from '../../method.ts'
import type { SignInState } from '../sign_in_state.ts'
import type { At, Question, Step } from './step.ts'

/** The first sign-in of somebody whom no account knows: as the method says, it is made, he is asked, or he is sent away. */
export const firstStep: Step = {
  name: 'first',
  async ask(state, at) {
    if (state.account !== null || state.create) return state
    if (at.method.first_sign_in === 'create') return { ...state, create: true }
    if (at.method.first_sign_in === 'ask') return question(state, at)
    throw new SignInRefused('unknown', 'No account is known for this person. An administrator can make one.')
  },
  async answer({ state }, form, at) {
    // The method may have been changed since: to make one is no longer offered then.
    if (form.choice !== 'create' || at.method.first_sign_in === 'refuse') return question(state, at)
    return { ...state, create: true }
  },
}

async function question(state: SignInState, at: At): Promise<Question> {
  const claims = claimsOf(state)
  return {
    asked: 'first',
    state,
    keep: '',
    stage: {
      kind: 'first',
      step: '',
      towards: state.flow.name,
      name: claims?.name ?? null,
      email: claims?.email ?? null,
      provider: at.method.name,
      canCreate: at.method.first_sign_in !== 'refuse',
      addressKnown: await isKnown(claims?.email ?? null, at),
      ways: [],
    },
  }
}

/** Whether somebody has this address is said to whoever comes with it; who, to nobody. It merges nothing (T28). */
async function isKnown(email: string | null, { parts }: At): Promise<boolean> {
  const canonical = email === null ? undefined : canonicalEmail(email)
  return canonical !== undefined && (await parts.store.emails.holders(canonical)).length > 0
}

export function claimsOf({ proof }: SignInState): Claims | undefined {
  return proof.kind === 'identity' ? proof.claims : undefined
}
