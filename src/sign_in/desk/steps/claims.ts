import { takeAway } from '../../provisioning.ts'
import type { Step } from './step.ts'

/**
 * What the issuer no longer says of a known person is taken away here, whatever becomes of this sign-in: who has left his organization and
 * is sent away for it must not keep it in a session elsewhere (B-36). What it says anew is given at the end.
 */
export const claimsStep: Step = {
  name: 'claims',
  async ask(state, { parts }) {
    if (state.account !== null && !state.link) await takeAway(parts, state.account, state)
    return state
  },
}
