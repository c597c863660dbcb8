import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { authenticateClient, oauthError, type Verifier, verifiedAssertion } from './oauth2_clients.ts'
import { type Grant, JWT_BEARER, shaped } from './oauth2_settings.ts'
import type { Ending, Family, Tokens } from './oauth2_tokens.ts'
import { formFields } from './reading.ts'
import { type Call, Refused, type Reply } from './vendor.ts'

export interface OAuth2State extends Verifier {
  readonly tokens: Tokens
  /** Who may sign assertions for the jwt-bearer grant, and with which key. */
  readonly assertions: { readonly issuer: string; readonly publicKey: KeyObject }
  readonly granted: Record<Grant, number>
  readonly requested: Record<Grant, number>
  revocations: number
}

/** Signs the person in without asking. What is wrong with client or redirect is shown, never sent on. */
export function authorize({ client, settings, tokens, issuer, now }: OAuth2State, query: URLSearchParams): Reply {
  const redirectUri = query.get('redirect_uri') ?? ''
  if (query.get('client_id') !== client.id) return { status: 400, body: 'Unknown client' }
  if (!settings.redirectUris.includes(redirectUri)) return { status: 400, body: 'Redirect address not registered' }
  const back = (answer: Record<string, string>): Reply => {
    const target = new URL(redirectUri)
    const state = query.get('state')
    if (state !== null && settings.state !== 'absent')
      target.searchParams.set('state', settings.state === 'changed' ? `${state}x` : state)
    if (settings.iss !== 'absent')
      target.searchParams.set('iss', settings.iss === 'wrong' ? 'https://attacker.example' : issuer)
    for (const [name, value] of Object.entries({ ...settings.callbackExtra, ...answer }))
      target.searchParams.set(name, value)
    return { status: 302, headers: { Location: target.href } }
  }
  if (settings.signInError !== undefined) return back({ error: settings.signInError })
  if (query.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' })
  const challenge = query.get('code_challenge') ?? undefined
  const hashed = /^[\w-]{43}$/.test(challenge ?? '') && query.get('code_challenge_method') === 'S256'
  if (!hashed && (challenge !== undefined || settings.pkce === 'S256'))
    return back({ error: 'invalid_request', error_description: 'PKCE with S256 is required' })
  const scope = query.get('scope') ?? ''
  if (!offered(settings.scopes, scope)) return back({ error: 'invalid_scope' })
  const code = randomBytes(24).toString('base64url')
  const endsAt = now() + settings.codeSeconds * 1000
  tokens.codes.set(code, {
    redirectUri,
    challenge,
    scope,
    subject: settings.subject,
    endsAt,
    state: query.get('state'),
  })
  return back({ code })
}

const offered = (scopes: readonly string[], asked: string) =>
  asked.split(' ').every((scope) => scope === '' || scopes.includes(scope))

type Granted = { family: Family; refreshToken?: string | undefined }

const GRANTS: Readonly<Record<Grant, (state: OAuth2State, form: URLSearchParams) => Granted | Promise<Granted>>> = {
  authorization_code: exchange,
  client_credentials: (state, form) => ({ family: newFamily(state, 'client_credentials', state.client.id, form) }),
  refresh_token: refresh,
  [JWT_BEARER]: bearer,
}

export async function token(state: OAuth2State, call: Call): Promise<Reply> {
  const { settings } = state
  const form = formFields(call, { status: 400, body: { error: 'invalid_request' } })
  const grant = (form.get('grant_type') ?? '') as Grant
  const run = Object.hasOwn(GRANTS, grant) ? GRANTS[grant] : oauthError(settings, 'unsupported_grant_type')
  state.requested[grant]++
  // A signed assertion is all that a service account has.
  if (grant !== JWT_BEARER) await authenticateClient(state, call, form)
  if (settings.tokenError !== undefined) oauthError(settings, settings.tokenError)
  const { family, refreshToken } = await run(state, form)
  state.granted[grant]++
  const issued = { accessToken: state.tokens.newAccess(family), refreshToken, scope: family.scope }
  return { status: 200, headers: { 'Cache-Control': 'no-store' }, body: shaped(settings, state.now(), issued) }
}

function newFamily({ settings }: OAuth2State, grant: Grant, subject: string, form: URLSearchParams): Family {
  const scope = form.get('scope') ?? ''
  if (!offered(settings.scopes, scope)) oauthError(settings, 'invalid_scope')
  return { alive: true, grant, subject, scope }
}

/** A code that comes a second time was stolen: what the first exchange gave dies as well (RFC 6749 §4.1.2). */
function exchange({ tokens, settings, now }: OAuth2State, form: URLSearchParams): Granted {
  const refuse = (why: string): never => oauthError(settings, 'invalid_grant', why)
  const code = tokens.codes.get(form.get('code') ?? '') ?? refuse('unknown code')
  if (code.family) {
    tokens.kill(code.family)
    return refuse('the code was used before')
  }
  if (now() >= code.endsAt) refuse('the code is over')
  if (form.get('redirect_uri') !== code.redirectUri) refuse('another redirect_uri')
  const proof = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (settings.stateInExchange && form.get('state') !== code.state) refuse('state is to be repeated')
  if (code.challenge !== undefined && proof !== code.challenge) refuse('the code_verifier does not fit')
  const { subject, scope } = code
  code.family = { alive: true, grant: 'authorization_code', subject, scope }
  return { family: code.family, refreshToken: tokens.newRefresh(code.family) }
}

function refresh({ tokens, settings }: OAuth2State, form: URLSearchParams): Granted {
  const sent = form.get('refresh_token') ?? ''
  const known: Ending = tokens.usable(sent) ?? oauthError(settings, 'invalid_grant', 'not a refresh token that is good')
  const { family } = known
  if (settings.rotation === 'omit') return { family }
  if (settings.rotation === 'keep') return { family, refreshToken: sent }
  known.spent = true
  return { family, refreshToken: tokens.newRefresh(family) }
}

async function bearer(state: OAuth2State, form: URLSearchParams): Promise<Granted> {
  const { issuer, publicKey } = state.assertions
  const claims = await verifiedAssertion(state, form.get('assertion') ?? '', publicKey, issuer).catch((error: Error) =>
    oauthError(state.settings, 'invalid_grant', error.message),
  )
  if (claims.sub === undefined && !state.settings.subjectOptional)
    oauthError(state.settings, 'invalid_grant', 'sub is missing')
  const scopes = new URLSearchParams({ scope: String(claims.scope ?? form.get('scope') ?? '') })
  return { family: newFamily(state, JWT_BEARER, claims.sub ?? issuer, scopes) }
}

/** RFC 7009: an unknown token is no error. A refresh token takes along what came of it. */
export async function revoke(state: OAuth2State, call: Call): Promise<Reply> {
  const form = formFields(call, { status: 400, body: { error: 'invalid_request' } })
  await authenticateClient(state, call, form)
  const token = form.get('token')
  if (!token) throw new Refused({ status: 400, body: { error: 'invalid_request' } })
  state.revocations++
  const family = state.tokens.refresh.get(token)?.family
  if (family) family.alive = false
  state.tokens.access.delete(token)
  return { status: 200 }
}
