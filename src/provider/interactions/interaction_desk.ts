import type { IncomingMessage, ServerResponse } from 'node:http'
import type { InteractionResults, default as Provider } from 'oidc-provider'
import { OctroiError } from '../../core/errors.ts'
import type { Client, Session } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import { basePathOf } from '../../sign_in/desk/desk_parts.ts'
import type { Visit } from '../../sign_in/desk/visit.ts'
import type { Flow, Flows } from '../../sign_in/flow.ts'
import { standingAt } from '../account_claims.ts'
import type { OpenIdClient } from '../client_metadata.ts'
import { askedIn, type Missing } from './asked.ts'
import { giveConsent, refuseConsent } from './consents.ts'
import { type RecordParts, recordDecision } from './decisions.ts'
import { provedSince } from './fresh.ts'
import type { InteractionStage, Person } from './stage.ts'
import { flowFor, isEnough, wantedSubject, wantsOtherAcr } from './wishes.ts'

export interface InteractionParts extends RecordParts {
  readonly openid: { library(): Promise<Provider> }
  readonly store: Store
  readonly flows: Pick<Flows, 'seal' | 'fits'>
  /** Without a slash at the end. */
  readonly publicUrl: string
}

/** What the library reads its cookie from. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>
type Refused = 'not_allowed' | 'no_email' | 'other_account'

/** `client`: undefined where it is gone, or switched off. */
interface Sought {
  readonly exchange: Exchange
  readonly library: Provider
  readonly interaction: Interaction
  readonly client: OpenIdClient | undefined
}

interface Found extends Sought {
  readonly client: OpenIdClient
}

interface Here extends Found {
  readonly session: Session
  readonly person: Person
}

const DENIED = { error: 'access_denied', error_description: 'the end-user denied the request' }
const NO_ACR = {
  error: 'unmet_authentication_requirements',
  error_description: 'none of the requested ACRs could be obtained',
}

/**
 * Where a request of an application waits for its person: `/oidc/interaction/{uid}`. Only the browser that made the request finds it (the
 * library's cookie is bound to this address). Showing it decides nothing but what is decided already: who is signed in here as he should be goes
 * on as himself.
 */
export class InteractionDesk {
  readonly #parts: InteractionParts

  constructor(parts: InteractionParts) {
    this.#parts = parts
  }

  /** `GET`. `locales`: the languages that the application believes its person reads (`ui_locales`). */
  async show(
    exchange: Exchange,
    uid: string,
    visit: Visit,
  ): Promise<{ readonly stage: InteractionStage; readonly locales: string | undefined }> {
    const found = await this.#find(exchange, uid)
    if (found === undefined) return { stage: { kind: 'stale' }, locales: undefined }
    const { ui_locales: locales } = found.interaction.params
    return { stage: await this.#stage(found, visit), locales: typeof locales === 'string' ? locales : undefined }
  }

  /** `POST`, from the consent page. */
  async answer(
    exchange: Exchange,
    uid: string,
    form: Readonly<Record<string, string>>,
    visit: Visit,
  ): Promise<InteractionStage> {
    const found = await this.#find(exchange, uid)
    if (found === undefined) return { kind: 'stale' }
    const stage = await this.#stage(found, visit)
    // Nobody is asked anything, any more or yet; or it is somebody else by now, who has not seen what the first one was asked.
    if (stage.kind !== 'consent' || form.account !== stage.person.account) return stage
    const { account } = stage.person
    const decision = { account, client: stage.client, asked: stage.asked }
    const at = new Date(this.#parts.now())
    if (form.do === 'allow') await giveConsent(this.#parts.store, decision, at)
    else if (form.do === 'deny') await refuseConsent(this.#parts.store, decision, at)
    else throw new OctroiError('invalid_request', 'The field do is neither allow nor deny.')
    const code = form.do === 'allow' ? null : DENIED.error
    await recordDecision(this.#parts, visit, { action: 'oidc.consent', account, client: stage.client, code })
    return form.do === 'allow' ? this.#finish(found, { consent: {} }, true) : this.#finish(found, DENIED)
  }

  /** `undefined`: it is none, any more, or not this browser's (T34). */
  async #find(exchange: Exchange, uid: string): Promise<Sought | undefined> {
    const library = await this.#parts.openid.library()
    const interaction = await library.interactionDetails(exchange.request, exchange.response).catch(unlessNone)
    if (interaction === undefined || interaction.uid !== uid) return undefined
    const client = await this.#parts.store.clients.get(String(interaction.params.client_id))
    return { exchange, library, interaction, client: client !== undefined && isUsable(client) ? client : undefined }
  }

  async #stage(sought: Sought, visit: Visit): Promise<InteractionStage> {
    const { interaction, client } = sought
    // Decided already: the back button, or a form that was sent twice. Who is signed in is looked at each time.
    if (interaction.prompt.name === 'consent' && interaction.result !== undefined)
      return { kind: 'onward', address: interaction.returnTo }
    // Switched off meanwhile: what that means, the library says when the request goes on.
    if (client === undefined) return this.#finish(sought, {})
    const found = { ...sought, client }
    return interaction.prompt.name === 'consent' ? this.#consent(found, visit) : this.#login(found, visit)
  }

  async #login(found: Found, visit: Visit): Promise<InteractionStage> {
    const { session } = visit
    const { interaction, client } = found
    const flow = flowFor(interaction, client)
    const isFresh = session !== undefined && provedSince(session, interaction.iat, interaction.session?.cookie)
    if (session === undefined || (flow.anew === true && !isFresh)) return this.#toSignIn(flow)
    const standing = await this.#standing(client, session)
    if (standing === 'gone') return this.#toSignIn({ ...flow, another: true })
    const person = await this.#person(session)
    const here = { ...found, session, person }
    if (standing !== 'allowed') return this.#refused(standing, here, flow, visit)
    const accountId = await this.#parts.store.subjects.of(session.account)
    const wanted = wantedSubject(interaction)
    if (wanted !== undefined && wanted !== accountId)
      return isFresh ? this.#refused('other_account', here, flow, visit) : this.#toSignIn({ ...flow, another: true })
    if (!isEnough(interaction, client, session, this.#parts.now())) return this.#toSignIn(flow)
    if (wantsOtherAcr(interaction)) return this.#finish(found, NO_ACR)
    return this.#finish(found, { login: { accountId, ...proofOf(session) }, select_account: {} })
  }

  async #consent(found: Found, visit: Visit): Promise<InteractionStage> {
    const { session } = visit
    const { interaction, client } = found
    const standing = session && (await this.#standing(client, session))
    // Not who it was a moment ago: the request is judged anew.
    if (session === undefined || standing === 'gone') return this.#finish(found, {})
    const person = await this.#person(session)
    if (standing !== 'allowed' && standing !== undefined)
      return this.#refused(standing, { ...found, session, person }, flowFor(interaction, client), visit)
    const { params, prompt } = interaction
    const asked = askedIn(prompt.details as Missing, params, client.openid)
    const before = await this.#parts.store.consents.get(session.account, client.id)
    return {
      kind: 'consent',
      uid: interaction.uid,
      client: client.id,
      application: client.name,
      place: placeOf(String(params.redirect_uri)),
      person,
      asked,
      isMore: before !== undefined,
    }
  }

  async #standing(client: OpenIdClient, { account, organization }: Session) {
    return (await standingAt(this.#parts.store, client, { account, organization })).kind
  }

  async #person({ account: id }: Session): Promise<Person> {
    return { account: id, name: (await this.#parts.store.accounts.get(id))?.name ?? id }
  }

  async #refused(kind: Refused, { client, person }: Here, flow: Flow, visit: Visit): Promise<InteractionStage> {
    const recorded = { action: 'oidc.authorize', account: person.account, client: client.id, code: kind } as const
    await recordDecision(this.#parts, visit, recorded)
    return { kind, application: client.name, person, again: this.#signIn({ ...flow, another: true }) }
  }

  #toSignIn(flow: Flow): InteractionStage {
    return { kind: 'onward', address: this.#signIn(flow) }
  }

  #signIn(flow: Flow): string {
    const { flows } = this.#parts
    const fitting = flows.fits(flow) ? flow : { ...flow, loginHint: undefined }
    return `${basePathOf(this.#parts)}/sign-in?flow=${flows.seal(fitting)}`
  }

  /** `merged`: what was settled before stays settled. */
  async #finish({ library, exchange }: Sought, result: InteractionResults, merged = false): Promise<InteractionStage> {
    const { request, response } = exchange
    const options = { mergeWithLastSubmission: merged }
    return { kind: 'onward', address: await library.interactionResult(request, response, result, options) }
  }
}

function isUsable(client: Client): client is OpenIdClient {
  return client.openid !== null && client.disabled_at === null
}

function proofOf({ auth_time, amr, acr }: Session) {
  return { ts: Math.floor(Date.parse(auth_time) / 1000), amr: [...amr], ...(acr === null ? {} : { acr }) }
}

/** What people can compare: a host, or the scheme that an app on the device has registered. */
function placeOf(redirectUri: string): string {
  const { host, protocol } = new URL(redirectUri)
  return host === '' || !/^https?:$/.test(protocol) ? protocol.replace(/:$/, '') : host
}

function unlessNone(error: unknown): undefined {
  if ((error as Error).name === 'SessionNotFound') return undefined
  throw error
}
