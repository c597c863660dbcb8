import type { Organization } from '../../../core/people_types.ts'
import { SignInRefused } from '../../method.ts'
import { organizationsOf } from '../../organizations.ts'
import type { SignInState } from '../sign_in_state.ts'
import type { At, Step } from './step.ts'

/**
 * For whom he acts in this session: nobody, the one organization of his that is known here, or the one that he picks. The choice is an answer
 * to this step and to nothing else (B-20): what was not offered is refused.
 */
export const organizationStep: Step = {
  name: 'organization',
  async ask(state, at) {
    if (at.method.organizations === 'ignore') return { ...state, organization: null }
    const known = await organizationsOf(at.parts.store, state)
    // Chosen before, and still his.
    if (known.some(({ id }) => id === state.organization)) return state
    if (known.length === 0) return settleWithout(state, at)
    const taken = known.length === 1 ? known[0] : hinted(state, known)
    return taken === undefined ? question(state, known) : { ...state, organization: taken.id }
  },
  async answer({ state, stage }, form, at) {
    if (form.organization === undefined && stage.kind === 'organizations')
      return question(state, await organizationsOf(at.parts.store, state))
    const known = await organizationsOf(at.parts.store, state)
    const picked = known.find(({ id }) => id === form.organization)
    if (picked === undefined)
      throw new SignInRefused('not_allowed', 'This organization is not one of those that were offered.')
    return { ...state, organization: picked.id }
  },
}

function settleWithout(state: SignInState, { method }: At): SignInState {
  if (method.organizations === 'optional') return { ...state, organization: null }
  throw new SignInRefused('no_organization', 'None of the organizations of this person is known here.')
}

function hinted({ flow }: SignInState, known: readonly Organization[]): Organization | undefined {
  return known.find(({ siret }) => siret !== null && siret === flow.organizationHint)
}

function question(state: SignInState, known: readonly Organization[]) {
  const organizations = known.map(({ id, label, siret }) => ({ id, label, siret }))
  const stage = { kind: 'organizations', step: '', towards: state.flow.name, organizations } as const
  return { asked: 'organization', state, stage, keep: '' } as const
}
