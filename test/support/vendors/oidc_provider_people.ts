import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen, type RecordedRequest, readBody, record } from '../loopback.ts'
import { type Forgery, forged, type SigningKeys, signingKeys } from './oidc_provider_forgery.ts'
import { type PeopleLibrary, peopleLibrary } from './oidc_provider_library.ts'
import { type Moods, moods } from './oidc_provider_moods.ts'
import { memoryStores } from './oidc_store.ts'

export interface TestPerson {
  readonly sub: string
  readonly claims: Readonly<Record<string, unknown>>
  /** How he proves himself there. */
  readonly acr?: string
  readonly amr?: readonly string[]
}

export interface PeopleClient {
  readonly id: string
  readonly secret: string
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris?: readonly string[]
  readonly authMethod?: 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'
  readonly idTokenAlg?: 'RS256' | 'ES256' | 'HS256'
  /** None: plain JSON. */
  readonly userinfoAlg?: 'RS256' | 'ES256' | 'HS256'
  readonly jwks?: object
}

export interface PeopleProviderOptions {
  readonly port?: number
  /** Of the issuer, as in `/api/v2`. */
  readonly path?: string
  readonly client: PeopleClient
  /** By the name that its form offers. */
  readonly people: Readonly<Record<string, TestPerson>>
  /** Scope → claims. */
  readonly scopes: Readonly<Record<string, readonly string[]>>
  readonly acrValues?: readonly string[]
  readonly codeSeconds?: number
  readonly routes?: Readonly<Record<string, string>>
  /** Looks at a request first; what it gives back is the answer. */
  readonly guard?: (
    request: RecordedRequest,
  ) => { readonly status: number; readonly type: string; readonly body: string } | undefined
}

/** What is forged in the answers from now on. */
export interface Forgeries {
  idToken?: Forgery | undefined
  userinfo?: Forgery | undefined
  discovery?: Readonly<Record<string, unknown>> | undefined
}

/** An OpenID provider with people who sign in by a form, well-behaved until it is told otherwise. */
export interface PeopleProvider {
  readonly url: string
  readonly issuer: string
  readonly client: PeopleClient
  readonly requests: RecordedRequest[]
  readonly forge: Forgeries
  readonly moods: Moods
  /** Other keys from now on; those of before are published no more. Sessions stay. */
  rotateKeys(): void
  /** Everything as at the start, but for sessions. */
  calm(): void
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export async function startPeopleProvider(options: PeopleProviderOptions): Promise<PeopleProvider> {
  const requests: RecordedRequest[] = []
  const stores = memoryStores()
  const forge: Forgeries = {}
  const state = { keys: signingKeys('first'), library: undefined as PeopleLibrary | undefined }
  const mood = moods()
  const { path = '', guard } = options
  const loopback = await listen(
    createServer(async (request, response) => {
      const recorded = record(request)
      requests.push(recorded)
      await readBody(request, recorded)
      const address = recorded.url.split('?', 1)[0] ?? ''
      if (mood.answer(address, response) || state.library === undefined) return
      const early = guard?.(recorded)
      if (early !== undefined)
        return void response.writeHead(early.status, { 'Content-Type': early.type }).end(early.body)
      // Asked for by browsers; what is missing stands among their complaints.
      if (address === '/favicon.ico') return void response.writeHead(204).end()
      if (address.startsWith('/interaction/')) return interact(state.library, options, request, recorded, response)
      forging(response, address, forge, state.keys, options.client.secret)
      await state.library.callback()(mounted(request, recorded.body, path), response)
    }),
    options.port,
  )
  const url = `http://127.0.0.1:${loopback.port}`
  const issuer = `${url}${path}`
  const open = (keys: SigningKeys) => {
    state.keys = keys
    state.library = peopleLibrary(issuer, options, stores.Store, keys)
  }
  open(state.keys)
  const calm = () => {
    mood.well()
    for (const name of Object.keys(forge) as (keyof Forgeries)[]) delete forge[name]
  }
  const { down, up } = loopback
  const rotateKeys = () => open(signingKeys(`after-${state.keys.kid('')}`))
  return { url, issuer, client: options.client, requests, forge, moods: mood, rotateKeys, calm, down, up, stop: down }
}

/** The request as if nobody had read its body, and as if the library were at the root. */
function mounted(request: IncomingMessage, body: Buffer, path: string): IncomingMessage {
  const url = request.url ?? '/'
  const iterator = async function* () {
    yield body
  }
  return Object.create(request, {
    url: { value: url.startsWith(`${path}/`) ? url.slice(path.length) : url, writable: true },
    originalUrl: { value: url },
    readable: { value: true },
    [Symbol.asyncIterator]: { value: iterator },
    iterator: { value: iterator },
  })
}

/** Rewrites tokens and the discovery document on their way out. */
function forging(response: ServerResponse, address: string, forge: Forgeries, keys: SigningKeys, secret: string): void {
  const { end } = response
  response.end = ((chunk: unknown) => {
    response.end = end
    if (chunk === undefined) return response.end()
    const text = rewritten(String(chunk), address, forge, keys, secret)
    response.setHeader('Content-Length', Buffer.byteLength(text))
    return response.end(text)
  }) as typeof response.end
}

function rewritten(text: string, address: string, forge: Forgeries, keys: SigningKeys, secret: string): string {
  if (address.endsWith('/token') && forge.idToken !== undefined) {
    const { id_token: jwt, ...rest } = JSON.parse(text) as { id_token?: string }
    return JSON.stringify({ ...rest, id_token: jwt === undefined ? jwt : forged(jwt, forge.idToken, keys, secret) })
  }
  const isUserinfo = address.endsWith('/userinfo') || address.endsWith('/me')
  if (isUserinfo && forge.userinfo !== undefined)
    return text.startsWith('{')
      ? JSON.stringify({ ...JSON.parse(text), ...forge.userinfo.claims })
      : forged(text, forge.userinfo, keys, secret)
  if (address.endsWith('/openid-configuration') && forge.discovery !== undefined)
    return JSON.stringify({ ...JSON.parse(text), ...forge.discovery })
  return text
}

async function interact(
  library: PeopleLibrary,
  { people }: PeopleProviderOptions,
  request: IncomingMessage,
  { method, body }: RecordedRequest,
  response: ServerResponse,
): Promise<void> {
  if (method !== 'POST')
    return void response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(form(people))
  const person = people[new URLSearchParams(body.toString()).get('person') ?? '']
  await library.interactionDetails(request, response)
  const { sub: accountId, acr, amr } = person ?? {}
  const result =
    person === undefined
      ? { error: 'access_denied', error_description: '<img src=x onerror=alert(1)>' }
      : { login: { accountId, acr, amr }, consent: {} }
  await library.interactionFinished(request, response, result)
}

function form(people: PeopleProviderOptions['people']): string {
  const names = Object.keys(people).map((name) => `<option>${name}</option>`)
  return `<!doctype html><html lang="fr"><title>Fournisseur d’identité</title><form method="post">
<label>Personne <select name="person">${names.join('')}</select></label>
<button name="go" value="yes">Se connecter</button></form>
<form method="post"><button name="person" value="">Refuser</button></form></html>`
}
