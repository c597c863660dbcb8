import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import type { Store } from '../core/stores.ts'
import { clientOf } from './client_metadata.ts'
import type { OidcLibrary } from './loading.ts'
import { findAccount } from './people.ts'
import { defaultResource, resourceServer } from './resources.ts'

type Features = NonNullable<Configuration['features']>
type Introspected = { readonly clientId?: string; readonly accountId?: string }

export interface FeatureParts {
  readonly store: Store
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** What the library does for us, and, said one by one, what it does not. */
export function features({ errors }: OidcLibrary, parts: FeatureParts): Features {
  return {
    userinfo: { enabled: true },
    pushedAuthorizationRequests: { enabled: true, allowUnregisteredRedirectUris: false },
    dPoP: { enabled: true, allowReplay: false, requireNonce: () => false },
    deviceFlow: {
      enabled: true,
      // What they are made of: `device/user_code.ts`.
      charset: 'base-20',
      mask: '****-****',
      deviceInfo: (ctx) => ({ ip: ctx.ip, ua: ctx.get('user-agent') }),
      // The pages for it are ours: the library is never asked for one.
      userCodeInputSource: notServed,
      userCodeConfirmSource: notServed,
      successSource: notServed,
    },
    clientCredentials: { enabled: true },
    introspection: {
      enabled: true,
      allowedPolicy: (ctx, _, token) => mayIntrospect(parts, ctx, token as Introspected),
    },
    revocation: {
      enabled: true,
      allowedPolicy: async (_, client, token) => {
        if (token.clientId === client.clientId) return true
        // RFC 7009 §2.1. Who keeps no secret has shown nothing, and is told nothing.
        if (client.clientAuthMethod === 'none') return false
        throw new errors.InvalidRequest('client is not authorized to revoke the presented token')
      },
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: async (ctx, client, oneOf) =>
        defaultResource(ctx, client, oneOf as readonly string[] | undefined),
      // A token for an API is asked for as such, so that the one for `userinfo` can be had too.
      useGrantedResource: async () => false,
      getResourceServerInfo: async (_, id, client) => {
        const found = resourceServer(clientOf(client), id)
        if (found === undefined) throw new errors.InvalidTarget()
        return found
      },
    },
    rpInitiatedLogout: { enabled: true, logoutSource: notServed, postLogoutSuccessSource: notServed },
    backchannelLogout: { enabled: true },
    ...OFF,
  } as Features
}

/** Interactions and sessions are ours; the rest is not needed by anybody whom we serve. */
const OFF = Object.fromEntries(
  [
    'devInteractions',
    'registration',
    'registrationManagement',
    'claimsParameter',
    'requestObjects',
    'encryption',
    'jwtUserinfo',
    'jwtIntrospection',
    'jwtResponseModes',
    'ciba',
    'mTLS',
    'webMessageResponseMode',
    'richAuthorizationRequests',
    'rpMetadataChoices',
    'externalSigningSupport',
    'clientIdMetadataDocument',
    'openid4vci',
    'attestClientAuth',
    'fapi',
  ].map((name) => [
    name,
    name === 'attestClientAuth' ? { enabled: false, additionalSecuritySignal: false } : { enabled: false },
  ]),
)

/**
 * RFC 7662 §4: to the application that has it, and only while its person may use it. Tokens for an API are JWTs, which their API checks by our
 * keys: there are none of others to look into.
 */
async function mayIntrospect(parts: FeatureParts, ctx: KoaContextWithOIDC, token: Introspected): Promise<boolean> {
  const client = clientOf(ctx.oidc.client)
  if (client.openid.auth_method === 'none') return false
  const isOwn = token.clientId === client.id
  if (!isOwn || token.accountId === undefined) return isOwn
  return (await findAccount(parts, ctx, token.accountId, token as never)) !== undefined
}

function notServed(): never {
  throw new Error('This page is not the library’s to serve.')
}
