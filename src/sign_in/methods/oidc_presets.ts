/** What is known of providers: data only. Sources stand with each; what an administrator sets wins. */

export const OIDC_PRESET_NAMES = [
  'proconnect',
  'datapass',
  'keycloak',
  'authentik',
  'zitadel',
  'google',
  'microsoft',
] as const
export type OidcPresetName = (typeof OIDC_PRESET_NAMES)[number]

export const PROCONNECT_ENVIRONMENTS = ['production', 'integration', 'production_rie', 'integration_rie'] as const

/** https://partenaires.proconnect.gouv.fr/docs/ressources/valeur_ac_domain; RIE is the State's own network. */
export const PROCONNECT_ISSUERS: Readonly<Record<(typeof PROCONNECT_ENVIRONMENTS)[number], string>> = {
  production: 'https://auth.agentconnect.gouv.fr/api/v2',
  integration: 'https://fca.integ01.dev-agentconnect.fr/api/v2',
  production_rie: 'https://auth.agentconnect.rie.gouv.fr/api/v2',
  integration_rie: 'https://fca.integ02.agentconnect.rie.gouv.fr/api/v2',
}

/** Further parameters that a provider takes; of any other it makes an error (`Y000400`). Of those not named here, any. */
export const TAKEN_PARAMETERS: Partial<Record<OidcPresetName, readonly string[]>> = {
  proconnect: ['idp_hint', 'login_hint', 'siret_hint'],
}

/** The same for all that say nothing else (OpenID Connect Core §2, §5.1, Registration §2). */
export const OIDC_DEFAULTS = {
  token_endpoint_auth_method: 'client_secret_basic',
  scopes: ['openid', 'profile', 'email'],
  id_token_signed_response_alg: 'RS256',
  userinfo: 'json',
  claims: { name: ['/name'], email: '/email', email_verified: '/email_verified', groups: null, organizations: null },
  trust_email: false,
  group_map: {},
  numeric_subject: false,
  acr_values: [],
  acr_request: 'acr_values',
  mfa_acr: [],
  // RFC 8176 §2.
  mfa_amr: ['mfa'],
  mfa_request: 'voluntary',
  reauthentication: 'max_age',
  ui_locales: true,
  authorization_parameters: {},
  pkce: 'auto',
  end_session: true,
  allowed_domains: [],
} as const

export const OIDC_PRESETS = {
  /**
   * https://partenaires.proconnect.gouv.fr/docs/fournisseur-service: scopes are one claim each; no `name`, no `email_verified`, one `siret` per
   * session; the secret in the form, never in a header; no `max_age`; userinfo is a JWT under the algorithm that was registered.
   */
  proconnect: {
    token_endpoint_auth_method: 'client_secret_post',
    scopes: ['openid', 'given_name', 'usual_name', 'email', 'siret', 'organization_label'],
    id_token_signed_response_alg: 'ES256',
    userinfo: 'jwt',
    claims: {
      name: ['/given_name', '/usual_name'],
      email_verified: null,
      organizations: { list: null, siret: '/siret', label: '/organization_label' },
    },
    acr_request: 'claims',
    mfa_acr: [
      'eidas0-mfa',
      'eidas1-mfa',
      'eidas2',
      'eidas3',
      'https://proconnect.gouv.fr/assurance/self-asserted-2fa',
      'https://proconnect.gouv.fr/assurance/consistency-checked-2fa',
    ],
    reauthentication: 'login',
    ui_locales: false,
  },
  /** DataPass of 2022, then MonComptePro: `organizations` as a list, `sub` as a number, no name of the person. */
  datapass: {
    scopes: ['openid', 'email', 'organizations'],
    claims: { organizations: { list: '/organizations', siret: '/siret', label: '/label' } },
    numeric_subject: true,
    reauthentication: 'login',
    ui_locales: false,
  },
  /** https://www.keycloak.org/docs/latest/server_admin: `groups` with a group membership mapper, roles of the realm without. */
  keycloak: { claims: { groups: '/groups' } },
  /** https://docs.goauthentik.io/add-secure-apps/providers/oauth2: groups come with the scope `profile`. */
  authentik: { claims: { groups: '/groups' } },
  /** https://zitadel.com/docs/apis/openidoauth/claims: roles are the keys of an object. */
  zitadel: {
    scopes: ['openid', 'profile', 'email', 'urn:zitadel:iam:org:project:roles'],
    claims: { groups: '/urn:zitadel:iam:org:project:roles' },
  },
  /** https://developers.google.com/identity/openid-connect/openid-connect: no logout, no `prompt=login`; `hd` names the Workspace. */
  google: {
    issuer: 'https://accounts.google.com',
    token_endpoint_auth_method: 'client_secret_post',
    userinfo: 'none',
    reauthentication: 'select_account',
    ui_locales: false,
  },
  /**
   * https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference: one directory, its issuer made of `tenant`. Addresses can be
   * written by whoever administers a directory, and nothing says that they were verified.
   */
  microsoft: {
    token_endpoint_auth_method: 'client_secret_post',
    userinfo: 'none',
    claims: { groups: '/groups' },
    reauthentication: 'login',
  },
} as const
