import { ROUTES } from '../provider/configuration.ts'

/** Which requests are the library's; all else below `/oidc` are pages of ours, or nothing. */

const DISCOVERY = '/.well-known/openid-configuration'
const PREFIX = '/oidc/'
const { authorization, token, userinfo, jwks, introspection, revocation } = ROUTES
const { pushed_authorization_request, device_authorization } = ROUTES
const SERVED = new Set<string>([
  ...[authorization, token, userinfo, jwks, introspection, revocation],
  ...[pushed_authorization_request, device_authorization],
  ...[DISCOVERY, '/.well-known/oauth-authorization-server'],
])
const OF_ONE = /^(?:\/auth\/[^/]+|\/clients\/[^/]+\/\.well-known\/openid-configuration)$/

const FORMS = new Set<string>([token, introspection, revocation, pushed_authorization_request, device_authorization])
const BY_FORM = ['POST'] as const
const BY_LINK = ['GET', 'HEAD'] as const
const EITHER = [...BY_LINK, ...BY_FORM] as const

/** What each of them is asked by; a preflight (`OPTIONS`) is for the library. `path`: as the library knows it. */
export function methodsOf(path: string): readonly string[] {
  const [plain = ''] = path.split('?', 1)
  if (FORMS.has(plain)) return BY_FORM
  return plain === authorization || plain === userinfo ? EITHER : BY_LINK
}

/** RFC 8414 §3.1: the path of the issuer comes behind the well-known one, at the root of the host. */
const OAUTH = '/.well-known/oauth-authorization-server'

/** The path as the library knows it, with its query. `url` is below the public URL. `undefined`: not for the library. */
export function pathForLibrary(url: string, basePath: string): string | undefined {
  if (url.startsWith(PREFIX)) {
    const path = url.slice(PREFIX.length - 1)
    const [plain = ''] = path.split('?', 1)
    return SERVED.has(plain) || OF_ONE.test(plain) ? path : undefined
  }
  if (!url.startsWith(OAUTH)) return undefined
  const [plain = ''] = url.split('?', 1)
  return plain === `${OAUTH}/oidc` || plain === `${OAUTH}${basePath}/oidc` ? DISCOVERY : undefined
}
