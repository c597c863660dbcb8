import type { Client, Session } from '../../core/people_types.ts'
import type { PublishedKeys } from '../../core/signing_keys.ts'
import type { Store } from '../../core/stores.ts'
import type { SignOutRequest } from '../../sign_in/applications/contract.ts'
import { SignInStopped } from '../../sign_in/desk/visit.ts'
import { SignInRefused } from '../../sign_in/method.ts'
import type { PeopleSecrets } from '../../sign_in/secrets.ts'
import { type IdTokenHint, readIdTokenHint } from './id_token_hint.ts'

export interface EndSessionParts {
  readonly store: Pick<Store, 'clients' | 'sessionClients' | 'subjects'>
  readonly secrets: Pick<PeopleSecrets, 'seal' | 'open'>
  readonly keys: PublishedKeys
  /** `{public URL}/oidc` */
  readonly issuer: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

type Fields = Readonly<Record<string, string>>

/** What is read of a request, with the most characters of each. The rest of the standard's (`ui_locales`, `logout_hint`) changes nothing here. */
const FIELDS = { id_token_hint: 8_192, client_id: 64, post_logout_redirect_uri: 2_048, state: 2_048 } as const

const PLACE = 'oidc-session-end'
/** From one redirect to the next. */
const CARRIED_MS = 300_000

/** What an application asks for that sends somebody to `/oidc/session/end` (OpenID Connect RP-Initiated Logout 1.0). */
export class EndSession {
  readonly #parts: EndSessionParts

  constructor(parts: EndSessionParts) {
    this.#parts = parts
  }

  /**
   * What was posted, to be carried to ourselves: our cookie does not come with a POST of another site (`SameSite=Lax`), and with the GET that
   * follows it does. Sealed, since an ID token says things of a person that are no matter of a log.
   */
  carried(fields: Fields): string {
    const asked = Object.keys(FIELDS).flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]]))
    // More than an address can carry: to be refused before it is one.
    if (tooLong(fields) !== undefined) throw new SignInStopped('too_large')
    return this.#parts.secrets.seal({ at: this.#parts.now(), asked: Object.fromEntries(asked) }, PLACE)
  }

  /** `session`: of this browser. Throws `SignInRefused` (`bad_request`) for what is no request of a known application (T15). */
  async requested(query: Fields, session: Session | undefined): Promise<SignOutRequest> {
    const asked = query.request === undefined ? query : this.#uncarried(query.request)
    const long = tooLong(asked)
    if (long !== undefined) throw badRequest(`${long} has more than ${FIELDS[long]} characters`)
    const hint = await this.#hint(asked)
    const client = await this.#client(hint?.client ?? asked.client_id)
    // Without an application there is no list that an address could be on: whoever wants out gets out, but is not led anywhere.
    if (client === undefined) return { name: null, returnTo: null, session: null }
    const isHis = session !== undefined && hint?.proved !== undefined && (await this.#names(hint, session))
    return { name: client.name, returnTo: returnToOf(client, asked), session: isHis ? session.id : null }
  }

  #uncarried(sealed: string): Fields {
    const carried = this.#parts.secrets.open<{ readonly at: number; readonly asked: Fields }>(sealed, PLACE)
    if (carried === undefined || this.#parts.now() - carried.at > CARRIED_MS)
      throw badRequest('it was made too long ago, or is incomplete')
    return carried.asked
  }

  async #hint({ id_token_hint: text, client_id: client }: Fields): Promise<IdTokenHint | undefined> {
    if (text === undefined) return undefined
    const hint = await readIdTokenHint(text, this.#parts)
    if (hint === undefined) throw badRequest('id_token_hint is not an ID token of ours')
    if (client !== undefined && client !== hint.client)
      throw badRequest('client_id is not the application that id_token_hint was made for')
    return hint
  }

  async #client(id: string | undefined): Promise<Client | undefined> {
    if (id === undefined) return undefined
    const client = await this.#parts.store.clients.get(id)
    if (client === undefined || client.openid === null || client.disabled_at !== null)
      throw badRequest('there is no such application')
    return client
  }

  /** Only the application was told what names this session, so that nobody else can have made the link (T38). */
  async #names({ client, proved }: IdTokenHint, session: Session): Promise<boolean> {
    const { store } = this.#parts
    const entries = (await store.sessionClients.of(session.id)).filter((entry) => entry.client === client)
    if (proved?.sid != null) return entries.some(({ sid }) => sid === proved.sid)
    // An application that is told of no ends is not told what its session is called: then it is whose.
    return entries.length > 0 && (await store.subjects.find(proved?.subject ?? ''))?.id === session.account
  }
}

function tooLong(asked: Fields): keyof typeof FIELDS | undefined {
  return (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).find((name) => (asked[name]?.length ?? 0) > FIELDS[name])
}

/** Character by character (RFC 9700 §2.1), with the `state` that came. */
function returnToOf({ post_logout_redirect_uris: registered }: Client, asked: Fields): string | null {
  const { post_logout_redirect_uri: address, state } = asked
  if (address === undefined) return null
  if (!registered.includes(address)) throw badRequest('post_logout_redirect_uri is not one that is registered')
  const url = new URL(address)
  if (state !== undefined) url.searchParams.set('state', state)
  return url.href
}

function badRequest(what: string): SignInRefused {
  return new SignInRefused('bad_request', `The application asked for something that cannot be: ${what}.`)
}
