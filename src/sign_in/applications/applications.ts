import { OctroiError } from '../../core/errors.ts'
import type { Client, Session } from '../../core/people_types.ts'
import { SignInRefused } from '../method.ts'
import type { TowardsApp, TowardsOpenId } from '../towards.ts'
import { ApplicationCodes, type CodeParts, type Exchanged, type Exchanging } from './codes.ts'
import type { ApplicationRequest, Applications, Entrant, SignOutRequest } from './contract.ts'
import { allows, personOf } from './person.ts'
import { giveToken } from './tokens.ts'

export interface ApplicationParts extends CodeParts {
  /** Without a slash at the end: `iss` of every redirect (RFC 9207), so that no other server's answer is taken for ours. */
  readonly publicUrl: string
  /** How the secrets of applications are recognised. */
  readonly hashSecret: (secret: string) => string
  readonly log: { warn(fields: object, message: string): void }
}

const MAX_STATE = 512
/** S256 of anything: 43 characters (RFC 7636 §4.2). */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/
const SECRET = /^ocs_[A-Za-z0-9_-]{43}$/

/** Applications that send their people here to sign in, and what they get for it. */
export class ClientApplications implements Applications {
  readonly #parts: ApplicationParts
  readonly #codes: ApplicationCodes

  constructor(parts: ApplicationParts) {
    this.#parts = parts
    this.#codes = new ApplicationCodes(parts)
  }

  async requested(query: Readonly<Record<string, string>>): Promise<ApplicationRequest> {
    const client = await this.#known(query.app)
    const { name, methods, mfa } = client
    if (query.mfa !== undefined && query.mfa !== '1') throw badRequest('mfa is 1, or left out')
    return {
      towards: {
        kind: 'app',
        client: client.id,
        redirectUri: redirectUriOf(client.redirect_uris, query.redirect_uri, 'redirect_uri'),
        state: stateOf(client, query.state),
        challenge: challengeOf(client, query),
      },
      name,
      methods,
      mfa: mfa || query.mfa === '1',
      maxAgeS: maxAgeOf(query.max_age),
      organizationHint: query.organization_hint ?? null,
    }
  }

  async mayUse(id: string, entrant: Entrant): Promise<boolean> {
    const client = await this.#parts.store.clients.get(id)
    return client !== undefined && allows(client, entrant)
  }

  async still(towards: TowardsApp | TowardsOpenId): Promise<Client> {
    const client = await this.#known(towards.client)
    if (towards.kind === 'app') redirectUriOf(client.redirect_uris, towards.redirectUri, 'redirect_uri')
    else if (client.openid === null) throw badRequest('it is no client of the OpenID provider')
    return client
  }

  async leadOn(session: Session, towards: TowardsApp): Promise<string> {
    const client = await this.still(towards)
    const url = new URL(towards.redirectUri)
    if (towards.challenge === null) await this.#addValues(url, client, session)
    else {
      url.searchParams.set('code', await this.#codes.issue(session, towards))
      url.searchParams.set('iss', this.#parts.publicUrl)
    }
    if (towards.state !== null) url.searchParams.set('state', towards.state)
    return url.href
  }

  async signingOut(query: Readonly<Record<string, string>>): Promise<SignOutRequest> {
    const client = await this.#known(query.app)
    const { post_logout_redirect_uri: address, session_id: session = null } = query
    if (address === undefined) return { name: client.name, returnTo: null, session }
    const url = new URL(redirectUriOf(client.post_logout_redirect_uris, address, 'post_logout_redirect_uri'))
    const state = query.state
    if (state !== undefined && state.length > MAX_STATE) throw badRequest(`state has more than ${MAX_STATE} characters`)
    if (state !== undefined) url.searchParams.set('state', state)
    return { name: client.name, returnTo: url.href, session }
  }

  /** The back end of an application, by its id and secret. Throws `unauthenticated`, in the same words whatever is wrong. */
  async authenticate(id: string, secret: string): Promise<Client> {
    const { store, hashSecret, now } = this.#parts
    const isOne = SECRET.test(secret) && id !== ''
    const found = isOne
      ? await store.clients.findBySecret(id, hashSecret(secret), new Date(now()).toISOString())
      : undefined
    if (found === undefined || found.disabled_at !== null)
      throw new OctroiError('unauthenticated', 'The application is not known by this id and secret.')
    return found
  }

  exchange(client: Client, asked: Exchanging): Promise<Exchanged> {
    return this.#codes.exchange(client, asked)
  }

  async #known(id: string | undefined): Promise<Client> {
    const client = id === undefined ? undefined : await this.#parts.store.clients.get(id)
    if (client === undefined || client.disabled_at !== null) throw badRequest('there is no such application')
    return client
  }

  /**
   * The four values in the query, as an old front end reads them. They are in the history, in logs and in what the page loads from then on:
   * only where the operator has switched it on, and never without a line in the log.
   */
  async #addValues(url: URL, client: Client, session: Session): Promise<void> {
    if (!client.token_in_query) throw badRequest('code_challenge is missing')
    this.#parts.log.warn(
      { client: client.id },
      'a token goes out in an address: token_in_query is on for this application',
    )
    const { person, token } = await this.#parts.store.transaction(async (store) => {
      const person = await personOf(store, client, session)
      if (person === undefined) throw new SignInRefused('not_allowed', 'You may not use this application.')
      const token = client.token.enabled ? await giveToken(store, this.#parts, client, session, person) : null
      return { person, token }
    })
    const values = {
      organization_siret: person.organization?.siret,
      email: person.email,
      role: person.role,
      api_token: token?.key,
    }
    for (const [name, value] of Object.entries(values)) if (value != null) url.searchParams.set(name, value)
  }
}

/** Character by character (RFC 9700 §2.1): whatever else looks alike leads somewhere else. */
function redirectUriOf(registered: readonly string[], given: string | undefined, name: string): string {
  if (given === undefined) {
    const [only, ...others] = registered
    if (only !== undefined && others.length === 0) return only
    throw badRequest(`${name} is missing: the application has several`)
  }
  if (!registered.includes(given)) throw badRequest(`${name} is not one that is registered`)
  return given
}

function stateOf({ token_in_query }: Client, state: string | undefined): string | null {
  if (state === undefined || state === '') {
    if (token_in_query) return null
    throw badRequest('state is missing')
  }
  if (state.length > MAX_STATE) throw badRequest(`state has more than ${MAX_STATE} characters`)
  return state
}

function challengeOf({ token_in_query }: Client, query: Readonly<Record<string, string>>): string | null {
  const { code_challenge: challenge, code_challenge_method: method } = query
  if (challenge === undefined) {
    if (token_in_query) return null
    throw badRequest('code_challenge is missing')
  }
  if (method !== 'S256') throw badRequest('code_challenge_method must be S256')
  if (!CHALLENGE.test(challenge)) throw badRequest('code_challenge is not an S256 challenge')
  return challenge
}

function maxAgeOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^\d{1,8}$/.test(text)) throw badRequest('max_age is not a number of seconds')
  return Number(text)
}

function badRequest(what: string): SignInRefused {
  return new SignInRefused('bad_request', `The application asked for something that cannot be: ${what}.`)
}
