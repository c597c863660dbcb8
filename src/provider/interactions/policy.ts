import type { KoaContextWithOIDC, interactionPolicy as Policies } from 'oidc-provider'
import type { Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { type Lacking, lacking } from './lacking.ts'

/** What the checks may use. */
export interface PolicyParts {
  readonly store: Pick<Store, 'clients' | 'sessions'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

type Policy = ReturnType<typeof Policies.base>
type Asking = (ctx: KoaContextWithOIDC) => Promise<Lacking | undefined>

/**
 * When a request stops for its person, and what an application is told that wanted him not to be asked (`prompt=none`). The library's own
 * checks come first; ours say what its configuration cannot: who may use the application, and what the operator wants of his session.
 */
export function interactionPolicy(policies: typeof Policies, { store, now }: PolicyParts): Policy {
  const { base, Prompt } = policies
  const policy = base()
  const asking = askedOnce(async ({ oidc }) => {
    const [session, client] = await Promise.all([
      sessionOf(store, oidc.session?.uid),
      store.clients.get(oidc.client?.clientId ?? ''),
    ])
    return session === undefined || client === undefined ? undefined : lacking(session, client, now())
  })
  addChecks(policy, policies, asking)
  // In front: who chooses anew among accounts has by that proved himself anew.
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0)
  // What the `claims` parameter asks for beyond the scopes is not given, so nobody is asked about it (OpenID Connect Core 1.0 §5.5: voluntary).
  policy.get('consent')?.checks.remove('op_claims_missing')
  return policy
}

function addChecks(policy: Policy, { Check }: typeof Policies, asking: Asking): void {
  const { checks } = policy.get('login') as NonNullable<ReturnType<Policy['get']>>
  checks.add(
    // Gone, disabled, not among those who may, or without the address that the application needs.
    new Check('not_allowed', 'the end-user may not use this application', 'access_denied', ({ oidc }) => {
      return oidc.session?.accountId !== undefined && oidc.account === undefined
    }),
  )
  const wants = (what: Lacking, description: string) =>
    checks.add(
      new Check(`client_${what}`, description, 'login_required', async (ctx) => {
        const { oidc } = ctx
        if (oidc.session?.accountId === undefined || oidc.account === undefined) return false
        // A proof that was just given is as fresh as one can be.
        if (what === 'age' && oidc.result?.login !== undefined) return false
        return (await asking(ctx)) === what
      }),
    )
  wants('method', 'the end-user signed in by a method that this application does not take')
  wants('age', 'the end-user proved himself too long ago for this application')
  wants('factor', 'this application wants a second factor')
}

/** Checks run side by side, and each wants the same of the store. */
function askedOnce(ask: Asking): Asking {
  const asked = new WeakMap<KoaContextWithOIDC, ReturnType<Asking>>()
  return (ctx) => {
    const known = asked.get(ctx) ?? ask(ctx)
    asked.set(ctx, known)
    return known
  }
}

/** A session of the library is known by the lineage of ours: it goes on where a fresh proof took the place of the one before. */
function sessionOf(store: PolicyParts['store'], uid: string | undefined): Promise<Session | undefined> {
  return uid === undefined ? Promise.resolve(undefined) : store.sessions.findByLineage(uid)
}
