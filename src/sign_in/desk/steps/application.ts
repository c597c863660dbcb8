import { SignInRefused } from '../../method.ts'
import { accountToBe } from '../../provisioning.ts'
import type { Step } from './step.ts'

/** Whether he may use the application that he comes from, by the method by which he came: as he will be when he is signed in. */
export const applicationStep: Step = {
  name: 'application',
  async ask(state, { parts, method }) {
    const { towards, methods } = state.flow
    if (methods.length > 0 && !methods.includes(state.method))
      throw new SignInRefused('not_allowed', 'The application does not take this way to sign in.')
    if (towards.kind !== 'app' && towards.kind !== 'openid') return state
    const account = await accountToBe(parts.store, state, method)
    const organization =
      state.organization == null ? null : ((await parts.store.organizations.get(state.organization)) ?? null)
    if (!(await parts.applications.mayUse(towards.client, { account, organization })))
      throw new SignInRefused('not_allowed', 'This account may not use the application.')
    return state
  },
}
