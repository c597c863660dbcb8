import { type Consent, type Exchange, type ExchangeContext, ExchangeError, type Obtained } from '../../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings, Values } from '../../scheme.ts'
import { secret } from '../oauth/oauth_client.ts'
import { randomText, s256 } from '../oauth/oauth_pkce.ts'
import { checkCallback, withQuery } from '../oauth/oauth2_consent.ts'
import { hasKey, redeemCode, refresh, revokeRefreshToken, type SignedIn } from './superoffice_sign_in.ts'
import { siteOf, superofficeOf } from './superoffice_site.ts'
import { tenantHost } from './superoffice_tenant.ts'
import { mintTicket, privateKeyOf, TICKET_IDLE_SECONDS } from './superoffice_ticket.ts'

const DURABLE = ['refresh_token', 'ctx', 'serial', 'system_token'] as const
const ADMINISTRATOR =
  'SuperOffice gave no system token: an administrator of the tenant must sign in and agree, and the application must be registered for system users.'

const consent: Consent = {
  needed: () => true,
  signInAt: siteOf,

  async begin(connection, { redirectUri, state }) {
    // A key that cannot be used is told now, and not to whoever comes back.
    if (hasKey(connection)) privateKeyOf(connection)
    const keep = { verifier: randomText(), nonce: randomText() }
    const tenant = wantedTenant(connection)
    const params = {
      response_type: 'code',
      client_id: secret(connection, 'client_id'),
      redirect_uri: redirectUri,
      scope: 'openid',
      state,
      nonce: keep.nonce,
      code_challenge: s256(keep.verifier),
      // Named always: the service takes a challenge without a method for the verifier itself.
      code_challenge_method: 'S256',
      ...(tenant === undefined ? {} : { acr_values: `tenant:${tenant}` }),
    }
    return { url: withQuery(`${siteOf(connection)}/login/common/oauth/authorize`, params), keep }
  },

  async finish(connection, { params, redirectUri, keep }, context) {
    checkCallback(params)
    const code = { code: params.code ?? '', redirect_uri: redirectUri, code_verifier: keep.verifier ?? '' }
    // A token of before may be another tenant's: nothing of it is kept.
    const fresh = { ...connection, token: undefined }
    return complete(await redeemCode(code, keep.nonce ?? '', fresh, context), fresh, context)
  },
}

/** The person's tokens by refresh; with a key, a ticket from the system token, which needs no person at all. */
export const superofficeExchange: Exchange = {
  durable: DURABLE,
  endpoints: (connection) => [siteOf(connection)],
  consent,
  async run(connection, context) {
    const signedIn =
      hasKey(connection) && connection.token?.system_token !== undefined
        ? await refreshIfPossible(connection, context)
        : await refreshed(connection, context)
    return complete(signedIn, connection, context)
  },
  revoke: revokeRefreshToken,
}

async function refreshed(connection: ConnectionSecrets, context: ExchangeContext): Promise<SignedIn> {
  if (connection.token?.refresh_token === undefined)
    throw new ExchangeError('human', 'There is no refresh token: somebody must sign in at SuperOffice.')
  return refresh(connection, context)
}

/** A ticket does not depend on the person who once agreed: an access token that cannot be had is left out. */
async function refreshIfPossible(connection: ConnectionSecrets, context: ExchangeContext): Promise<SignedIn> {
  const refreshToken = connection.token?.refresh_token
  if (refreshToken === undefined) return { values: {}, expiresAt: null }
  try {
    return await refresh(connection, context)
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error
    return { values: error.kind === 'human' ? {} : { refresh_token: refreshToken }, expiresAt: null }
  }
}

async function complete(
  signedIn: SignedIn,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Obtained> {
  const known = { ...told(connection.token), ...signedIn.values }
  const { ctx } = known
  if (ctx === undefined) throw new ExchangeError('human', 'SuperOffice did not say which tenant was signed in to.')
  if ([connection.token?.ctx, wantedTenant(connection)].some((wanted) => wanted !== undefined && wanted !== ctx))
    throw new ExchangeError('human', 'Another tenant was signed in to than that of the connection.')
  if (hasKey(connection) && known.system_token === undefined) throw new ExchangeError('human', ADMINISTRATOR)
  const { api, validUntil } = await tenantHost(ctx, connection, context)
  const values = { ...known, api }
  if (!hasKey(connection)) return { values, expiresAt: earlier(signedIn.expiresAt, validUntil), identity: ctx }
  const user = { ctx, systemToken: known.system_token ?? '', serial: serialOf(known) }
  const ticket = await mintTicket(user, connection, context)
  // The address is used until the next ticket, or until it answers 421: a ticket in use has no other end.
  return {
    values: { ...values, so_ticket: ticket },
    expiresAt: null,
    idleSeconds: TICKET_IDLE_SECONDS,
    identity: ctx,
  }
}

function wantedTenant({ connector, settings }: ConnectionSettings): string | undefined {
  return superofficeOf(connector).tenant.render({ settings }) || undefined
}

/** What an id_token once said. */
function told(token: Values | undefined): Values {
  const names = ['ctx', 'serial', 'system_token'] as const
  return Object.fromEntries(names.flatMap((name) => (token?.[name] === undefined ? [] : [[name, token[name]]])))
}

function serialOf({ serial }: Values): string {
  if (serial !== undefined) return serial
  throw new ExchangeError('human', 'SuperOffice gave no serial number, which tickets are checked with: sign in again.')
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
