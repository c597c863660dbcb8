import type { Adapter, AdapterPayload, KoaContextWithOIDC } from 'oidc-provider'

/**
 * The library takes the result of an interaction for a sign-in. Ours sign people in at our own pages: what counts is the session that the
 * browser has when it comes back. A result for another one, or for none, is dropped, and the request is judged anew.
 */
export function interactionAdapter(adapter: Adapter, current: () => KoaContextWithOIDC | undefined): Adapter {
  return {
    ...adapter,
    find: async (id) => {
      const payload = await adapter.find(id)
      return payload ? ofSession(payload, current()) : undefined
    },
  }
}

function ofSession(payload: AdapterPayload, ctx: KoaContextWithOIDC | undefined): AdapterPayload {
  const { result } = payload
  if (ctx === undefined || result?.login === undefined) return payload
  if (ctx.oidc.session?.accountId === result.login.accountId) return payload
  const { result: _, ...rest } = payload
  return rest
}
