import type { SignInMethod } from '../../core/people_types.ts'
import type { Secrets } from '../../core/types.ts'
import type { RedirectMethod } from '../method.ts'
import type { MethodKind, MethodParts } from './method_kind.ts'
import type { OidcCheck } from './oidc_check.ts'
import { clientAuthentication } from './oidc_client.ts'
import type { OidcMethod, OidcOpening } from './oidc_method.ts'
import { OIDC_PRESETS } from './oidc_presets.ts'
import { resolveOidc } from './oidc_resolved.ts'
import { OidcSettings } from './oidc_settings.ts'

/** Any OpenID provider, by its discovery document. */
export const oidcKind: MethodKind<OidcSettings> = {
  kind: 'oidc',
  title: 'OpenID Connect',
  settings: OidcSettings,
  secrets: {
    client_secret: { title: 'Client secret', optional: true },
    private_key: { title: 'Private key of the client, in PEM (private_key_jwt)', optional: true },
  },
  presets: OIDC_PRESETS,
  presetNames: {
    proconnect: 'ProConnect',
    datapass: 'DataPass',
    keycloak: 'Keycloak',
    authentik: 'authentik',
    zitadel: 'Zitadel',
    google: 'Google',
    microsoft: 'Microsoft',
  },
  open: openOidc,
  check: checkOidc,
}

export type OidcParts = Pick<MethodParts, 'fetchFor' | 'now' | 'log'>

/** Throws `invalid_request` for settings and secrets that do not fit together. */
export function openOidc(method: SignInMethod, secrets: Secrets, parts: OidcParts): RedirectMethod {
  const load = loading(method, secrets, parts)
  return {
    type: 'redirect',
    method,
    begin: async (input) => (await load()).begin(input),
    finish: async (input) => (await load()).finish(input),
    signOut: async (input) => (await load()).signOut(input),
  }
}

/** Asks the provider what it publishes, and says what does not fit the settings. Throws `invalid_request` like `openOidc`; nothing else. */
export async function checkOidc(method: SignInMethod, secrets: Secrets, parts: OidcParts): Promise<OidcCheck> {
  const load = loading(method, secrets, parts)
  const { checkProvider } = await import('./oidc_check.ts')
  return checkProvider(await load())
}

/** What is wrong is found at once; the libraries come with the first who signs in, so that commands and start-up do without. */
function loading(method: SignInMethod, secrets: Secrets, parts: OidcParts): () => Promise<OidcMethod> {
  const settings = resolveOidc(OidcSettings.parse(method.settings)) as OidcOpening['settings']
  const authentication = clientAuthentication(settings, secrets)
  let opened: Promise<OidcMethod> | undefined
  return () => {
    opened ??= import('./oidc_method.ts').then(
      (loaded) => new loaded.OidcMethod({ method, settings, secret: secrets.client_secret, authentication, parts }),
    )
    return opened
  }
}
