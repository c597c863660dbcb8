import type { z } from 'zod'
import type { ClientOpenId } from '../core/openid_types.ts'
import type { Client } from '../core/people_types.ts'
import { type ClientOpenIdGiven, ClientOpenIdWhole } from './client_openid_schemas.ts'
import { given } from './given.ts'

type Given = z.output<typeof ClientOpenIdGiven>

/** `before`, with the members that are given in place of its own; what was there for one of them alone goes with it. */
export function openIdOf(before: ClientOpenId | null, asked: Given | null | undefined): ClientOpenId | null {
  if (asked === undefined) return before
  if (asked === null) return null
  const whole = before ?? ClientOpenIdWhole.parse({})
  const { email = {}, ...members } = asked
  const after = { ...whole, ...given(members), email: { ...whole.email, ...given(email) } }
  return {
    ...after,
    jwks: asked.jwks === undefined && after.auth_method !== 'private_key_jwt' ? null : after.jwks,
    network: asked.network === undefined && after.backchannel_logout_uri === null ? {} : after.network,
  }
}

/** One that proves itself by a key of its own, or not at all, has no secret of ours. */
export function keepsSecret({ openid }: Pick<Client, 'openid'>): boolean {
  return openid === null || openid.auth_method === 'client_secret_basic' || openid.auth_method === 'client_secret_post'
}

/**
 * Whether what the provider has given for it ends with the change: where it is no OpenID client any more, or switched off; and where it comes
 * back, so that nothing comes back with it.
 */
export function endsOpenId(before: Ending, after: Ending): boolean {
  // No longer the organisation's own: what it was given without asking is no longer given.
  const isLessTrusted = before.openid?.first_party === true && after.openid?.first_party === false
  return isLessTrusted || ([before, after].some(isOpenId) && ![before, after].every(isOpenId))
}

type Ending = Pick<Client, 'openid' | 'disabled_at'>

function isOpenId({ openid, disabled_at }: Ending): boolean {
  return openid !== null && disabled_at === null
}
