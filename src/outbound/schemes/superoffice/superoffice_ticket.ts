import { type KeyObject, sign } from 'node:crypto'
import { headerValueFault } from '../../connectors/places.ts'
import { formatTime } from '../../connectors/zoned_time.ts'
import { type ExchangeContext, ExchangeError } from '../../exchange.ts'
import { parseJson, textAt } from '../../json_path.ts'
import type { ConnectionSecrets } from '../../scheme.ts'
import { secret } from '../oauth/oauth_client.ts'
import { fetchKeys, verifiedClaims } from '../oauth/oauth_id_token.ts'
import { refusalOf } from '../oauth/oauth_refusal.ts'
import { rsaPrivateKey } from '../rsa_key.ts'
import { passing } from './superoffice_sign_in.ts'
import { IDENTITY, keysAddress, siteOf } from './superoffice_site.ts'

/** The system user: a ticket without a person, for the token that an administrator's consent gave. */

export interface SystemUser {
  readonly systemToken: string
  readonly ctx: string
  readonly serial: string
}

/** Every use gives a ticket six hours more (so-docs, "Application authentication"); a little is left for clocks that differ. */
export const TICKET_IDLE_SECONDS = 6 * 3600 - 300

/** Throws `ExchangeError`: `human` when consent or key are no good, `transient` when the clock is. */
export async function mintTicket(
  user: SystemUser,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<string> {
  const site = siteOf(connection)
  const key = privateKeyOf(connection)
  const answer = await context.fetch({
    method: 'POST',
    url: `${site}/Login/api/PartnerSystemUser/Authenticate`,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: JSON.stringify({
      SignedSystemToken: signedSystemToken(user.systemToken, key, context.now()),
      ApplicationToken: secret(connection, 'client_secret'),
      ContextIdentifier: user.ctx,
      ReturnTokenType: 'JWT',
    }),
  })
  if (answer.status !== 200) throw refusalOf(answer, context.now())
  const json = parseJson(answer.text)
  const successful = textAt(json, ['IsSuccessful'])?.toLowerCase()
  if (successful === 'false') throw refused(json)
  const token = textAt(json, ['Token'])
  if (successful !== 'true' || token === undefined || token === '')
    throw new ExchangeError('transient', 'SuperOffice answered the system user with neither a token nor a refusal.')
  return ticketIn(token, user, site, context).catch(passing)
}

/** Signed when it is sent, and never kept: the time in it is what makes it good. */
export function signedSystemToken(systemToken: string, key: KeyObject, now: number): string {
  const data = `${systemToken}.${formatTime(now, 'yyyyMMddHHmm')}`
  return `${data}.${sign('sha256', Buffer.from(data), key).toString('base64')}`
}

/** Throws `ExchangeError` `human` that says what is wrong with the key. */
export function privateKeyOf(connection: ConnectionSecrets): KeyObject {
  try {
    return rsaPrivateKey(secret(connection, 'private_key'))
  } catch (error) {
    if (error instanceof ExchangeError) throw error
    throw new ExchangeError('human', `The secret private_key ${(error as Error).message}.`)
  }
}

/** The token is over almost before it arrives (its issuer says: validate immediately), so only its end is not looked at. */
async function ticketIn(
  token: string,
  user: SystemUser,
  site: string,
  { fetch, now }: ExchangeContext,
): Promise<string> {
  const keys = await fetchKeys(keysAddress(site), fetch)
  const expected = { issuer: 'SuperOffice AS', audience: `spn:${user.serial}`, now: now(), ignoreExpiry: true }
  const claims = await verifiedClaims(token, keys, expected)
  const ticket = claims[`${IDENTITY}ticket`]
  if (claims[`${IDENTITY}ctx`] !== undefined && claims[`${IDENTITY}ctx`] !== user.ctx)
    throw new ExchangeError('transient', 'SuperOffice gave a ticket for another tenant.')
  if (typeof ticket === 'string' && ticket !== '' && headerValueFault(ticket) === undefined) return ticket
  throw new ExchangeError('transient', 'SuperOffice gave a token without a ticket.')
}

interface Reason {
  readonly kind: 'human' | 'transient'
  readonly detail: string
}

const CLOCK = 'the time in the request is not near that of SuperOffice: is the clock of this machine right?'
/** AuthorizeErrorCode (so-docs, "Troubleshooting"), by its number and its name. */
const REASONS: Readonly<Record<string, Reason>> = {
  ...reason(1, 'Revoked', 'human', 'the consent was revoked; an administrator of the tenant must agree again'),
  ...reason(2, 'InvalidRedirectUrl', 'human', 'the redirect address is not registered for the application'),
  ...reason(3, 'Expired', 'human', 'the consent has expired; an administrator of the tenant must agree again'),
  ...reason(4, 'Denied', 'human', 'the application is not allowed in this tenant, or client_secret is wrong'),
  ...reason(5, 'NeedsReapproval', 'human', 'the application changed; an administrator of the tenant must agree again'),
  ...reason(6, 'InvalidTimestamp', 'transient', CLOCK),
  ...reason(7, 'InvalidSignature', 'human', 'private_key is not the key that is registered for the application'),
}

function reason(code: number, name: string, kind: Reason['kind'], text: string): Record<string, Reason> {
  const detail = `SuperOffice refuses the system user (${code}, ${name}): ${text}.`
  return { [code]: { kind, detail }, [name]: { kind, detail } }
}

/** Which field has the code is not documented; the message is read only for the names of the table. */
function refused(json: unknown): ExchangeError {
  const code = textAt(json, ['AuthorizeErrorCode']) ?? textAt(json, ['ErrorCode'])
  const words = (textAt(json, ['ErrorMessage']) ?? '').match(/[A-Za-z]+/g) ?? []
  const known = [code ?? '', ...words].find((name) => /^[1-7]$|^[A-Z]/.test(name) && Object.hasOwn(REASONS, name))
  const found = known === undefined ? undefined : REASONS[known]
  if (found !== undefined) return new ExchangeError(found.kind, found.detail)
  return new ExchangeError('human', 'SuperOffice refuses the system user, and gives no reason that is known.')
}
