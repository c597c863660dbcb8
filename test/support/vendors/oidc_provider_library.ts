import type { IncomingMessage, ServerResponse } from 'node:http'
import TypedProvider, { interactionPolicy } from 'oidc-provider'
import type { SigningKeys } from './oidc_provider_forgery.ts'
import type { PeopleProviderOptions } from './oidc_provider_people.ts'

export interface PeopleLibrary {
  callback(): (request: IncomingMessage, response: ServerResponse) => Promise<void>
  on(event: string, listener: (context: unknown, error: unknown) => void): void
  interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<unknown>
  interactionFinished(request: IncomingMessage, response: ServerResponse, result: object): Promise<void>
  readonly Grant: new (
    members: object,
  ) => {
    addOIDCScope(scope: string): void
    addOIDCClaims(claims: readonly string[]): void
    save(): Promise<string>
  }
}

/** What a stand-in uses of it, and its settings are plain objects. */
const Provider = TypedProvider as unknown as new (issuer: string, settings: object) => PeopleLibrary

interface Context {
  body?: unknown
  readonly oidc: { readonly client: { clientId: string }; readonly session: { accountId: string } }
}

/** The library with one client and the people of the options; whoever is signed in consents to all. */
export function peopleLibrary(
  issuer: string,
  options: PeopleProviderOptions,
  adapter: object,
  keys: SigningKeys,
): PeopleLibrary {
  const library: PeopleLibrary = new Provider(issuer, {
    ...configuration(options, keys),
    adapter,
    loadExistingGrant: async ({ oidc: { client, session } }: Context) => {
      const given = new library.Grant({ clientId: client.clientId, accountId: session.accountId })
      given.addOIDCScope(Object.keys(options.scopes).join(' '))
      given.addOIDCClaims(['acr', 'amr', 'auth_time'])
      await given.save()
      return given
    },
  })
  // The answer says only that something went wrong.
  library.on('server_error', (_, error) => process.emitWarning(error as Error))
  return library
}

function configuration(options: PeopleProviderOptions, keys: SigningKeys) {
  const algorithms = ['RS256', 'ES256', 'HS256']
  const { routes, acrValues = [], codeSeconds = 60 } = options
  return {
    clients: [clientOf(options)],
    jwks: { keys: keys.jwks },
    cookies: { keys: ['only for tests'] },
    ...(routes === undefined ? {} : { routes }),
    acrValues,
    scopes: Object.keys(options.scopes),
    claims: { acr: null, amr: null, auth_time: null, iss: null, sid: null, ...options.scopes },
    enabledJWA: { idTokenSigningAlgValues: algorithms, userinfoSigningAlgValues: algorithms },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      jwtUserinfo: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource },
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}`, policy: policy() },
    findAccount: (_: unknown, id: string) => {
      const person = Object.values(options.people).find(({ sub }) => sub === id)
      return person && { accountId: id, claims: () => ({ ...person.claims, sub: id }) }
    },
    pkce: { required: () => false },
    renderError: (context: Context, out: { error: string }) => {
      context.body = `<!doctype html><title>${out.error}</title>${out.error}`
    },
    ttl: {
      AuthorizationCode: codeSeconds,
      AccessToken: 60,
      IdToken: 3600,
      Interaction: 600,
      Session: 43_200,
      Grant: 43_200,
    },
  }
}

/** A provider may give less than what was asked for: whoever relies on it has to look. */
function policy(): unknown {
  const prompts = interactionPolicy.base()
  for (const name of ['essential_acr', 'essential_acrs']) prompts.get('login')?.checks.remove(name)
  return prompts
}

function clientOf({ client }: PeopleProviderOptions) {
  return {
    client_id: client.id,
    client_secret: client.secret,
    redirect_uris: client.redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris ?? [],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: client.authMethod ?? 'client_secret_basic',
    id_token_signed_response_alg: client.idTokenAlg ?? 'RS256',
    ...(client.userinfoAlg === undefined ? {} : { userinfo_signed_response_alg: client.userinfoAlg }),
    ...(client.jwks === undefined ? {} : { jwks: client.jwks }),
  }
}

function logoutSource(context: Context, form: string): void {
  context.body = `<!doctype html><title>Sign out</title>${form}
<button name="logout" value="yes" form="op.logoutForm">Sign out</button>`
}
