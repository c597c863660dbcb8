import type { SignInMethod } from '../../core/people_types.ts'
import type { Flow } from '../flow.ts'
import type { Opened } from '../open_methods.ts'
import type { FormFault, FormOf, SignInStage, Way } from '../stage.ts'
import { basePathOf, type DeskParts } from './desk_parts.ts'
import type { Visit } from './visit.ts'

/** The stages at which somebody chooses how to sign in. */

type Parts = Pick<DeskParts, 'methods' | 'flows' | 'publicUrl' | 'canReset'>
type Choose = Extract<SignInStage, { kind: 'choose' }>

export interface FormShown {
  /** Whose form; by default the first that has one. */
  readonly method?: string | undefined
  /** As it was typed. */
  readonly login?: string | undefined
  readonly fault?: FormFault | undefined
  readonly retryAfterS?: number | undefined
}

export async function choose(parts: Parts, flow: Flow, visit: Visit, shown: FormShown = {}): Promise<Choose> {
  const open = await openFor(parts, flow)
  const wanted = open.filter((one) => one.open?.type === 'form')
  const form = wanted.find(({ method }) => method.id === shown.method) ?? wanted[0]
  const sealed = parts.flows.seal(flow)
  const again = visit.session !== undefined && flow.purpose.kind === 'sign_in' && flow.another !== true
  return {
    kind: 'choose',
    flow: sealed,
    towards: flow.name,
    form:
      form === undefined
        ? null
        : formFor(parts, form.method, again ? visit.session?.account : undefined, shown.login ?? flow.loginHint),
    ways: waysTo(parts, open, sealed, form?.method.id),
    fault: shown.fault,
    retryAfterS: shown.retryAfterS,
    again,
  }
}

export async function unavailable(
  parts: Parts,
  flow: Flow,
  method: SignInMethod,
  status: 502 | 503 | 504,
): Promise<SignInStage> {
  const sealed = parts.flows.seal(flow)
  const ways = waysTo(parts, await openFor(parts, flow), sealed, method.id)
  return { kind: 'unavailable', flow: sealed, towards: flow.name, method: method.name, status, ways }
}

/** Ways to go on with a flow, but one method's. */
export async function waysFor(parts: Parts, flow: Flow, but?: string): Promise<readonly Way[]> {
  return waysTo(parts, await openFor(parts, flow), parts.flows.seal(flow), but)
}

/** Enabled, taken by the flow, and set up so that they open: what cannot work is no choice. */
async function openFor({ methods }: Parts, flow: Flow): Promise<readonly Opened[]> {
  return (await methods.all()).filter(
    ({ method, open }) =>
      method.enabled && open !== undefined && (flow.methods.length === 0 || flow.methods.includes(method.id)),
  )
}

function waysTo(parts: Parts, open: readonly Opened[], sealed: string, but: string | undefined): readonly Way[] {
  const base = basePathOf(parts)
  return open
    .filter(({ method }) => method.id !== but)
    .map(({ method: { id, name, kind } }) => ({
      method: id,
      name,
      kind,
      address: `${base}/sign-in/${id}?flow=${sealed}`,
    }))
}

/** To prove oneself again at a password is to type it again; a directory knows people by other names than ours. */
function formFor(
  { canReset }: Parts,
  { id, name, kind }: SignInMethod,
  account: string | undefined,
  login = '',
): FormOf {
  const fixedLogin = account !== undefined && kind === 'password'
  return {
    method: id,
    name,
    login: fixedLogin ? account : login.slice(0, 320),
    fixedLogin,
    canReset: kind === 'password' && canReset,
  }
}
