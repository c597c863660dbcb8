import { type AccountView, accountPage, CONFIRMED } from '../../src/pages/account.ts'
import type { Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/page.ts'
import { around, type Names } from './sign_in_samples.ts'

/** Every page of `/account`: empty, as most have it, full, and come back with a fault. */

const AT = '2026-03-04T09:05:00.000Z'
const LATER = '2026-11-20T18:40:00.000Z'
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const URI = `otpauth://totp/Octroi:marie?secret=${SECRET}&issuer=Octroi`
const CREATION = {
  challenge: 'Y2hhbGxlbmdl',
  rp: { id: 'localhost', name: 'Octroi' },
  user: { id: 'bWFyaWU', name: 'marie', displayName: 'Marie' },
  pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
}
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

function views(names: Names): Readonly<Record<string, AccountView>> {
  const emails = [
    { id: 'marie@example.org', address: 'Marie@example.org', verified: true, primary: true },
    { id: 'm.dupont@asso.example', address: 'm.dupont@asso.example', verified: true, primary: false },
    {
      id: 'new@example.org',
      address: `${'tresorerie.'.repeat(4)}adjointe@federation.example.org`,
      verified: false,
      primary: false,
    },
  ]
  const identity = { id: 'i1', method: names.provider, label: names.person, createdAt: AT, lastUsedAt: LATER }
  const session = {
    id: 's1',
    current: true,
    host: null,
    method: names.provider,
    organization: names.organization,
    address: '2001:db8::1',
    userAgent: FIREFOX,
    createdAt: AT,
    lastUsedAt: LATER,
    expiresAt: LATER,
  }
  const overview = {
    kind: 'overview',
    account: 'marie',
    name: names.person,
    organizations: [{ label: names.organization, siret: '13002548900012' }],
    groups: [names.group, 'tresorerie'],
    emails,
    identities: 1,
    hasPassword: true,
    passkeys: 2,
    authenticators: 1,
    recoveryCodes: 8,
    sessions: 3,
    applications: 2,
    tokens: 1,
  } as const
  const ways = [
    { method: 'proconnect', name: names.provider, form: false },
    { method: 'annuaire', name: 'Annuaire', form: true },
  ]
  const passkeys = [
    { id: 'pk-1', name: names.person, backedUp: true, createdAt: AT, lastUsedAt: LATER },
    { id: 'pk-2', name: 'YubiKey', backedUp: false, createdAt: AT, lastUsedAt: null },
  ]
  const token = { id: 't1', name: names.application, createdAt: AT, lastUsedAt: null, expiresAt: LATER }
  return {
    overview,
    'overview-empty': {
      ...{ ...overview, organizations: [], groups: [], emails: [], identities: 0, hasPassword: false, passkeys: 0 },
      ...{ authenticators: 0, recoveryCodes: 0, sessions: 1, applications: 0, tokens: 0 },
    },
    emails: { kind: 'emails', emails, canSend: true, done: 'email_sent' },
    'emails-faulty': { kind: 'emails', emails, canSend: true, fault: 'invalid', typed: names.person },
    'emails-taken': { kind: 'emails', emails, canSend: true, fault: 'others', typed: 'x@example.org' },
    'emails-empty': { kind: 'emails', emails: [], canSend: false },
    'verify-email': { kind: 'verify_email', link: 'l'.repeat(43), address: 'marie@example.org' },
    identities: {
      kind: 'identities',
      identities: [identity, { ...identity, id: 'i2', method: null, label: names.person, lastUsedAt: null }],
      ways,
      done: 'identity_linked',
    },
    'identities-faulty': {
      kind: 'identities',
      identities: [],
      ways,
      fault: 'wrong',
      method: 'annuaire',
      typed: names.person,
    },
    password: { kind: 'password', hasPassword: true, login: 'marie' },
    'password-wrong': { kind: 'password', hasPassword: true, login: 'marie', fault: 'wrong', at: 'current' },
    'password-weak': { kind: 'password', hasPassword: false, login: names.person, fault: 'weak', at: 'password' },
    passkeys: { kind: 'passkeys', passkeys, done: 'passkey_renamed' },
    'passkeys-faulty': { kind: 'passkeys', passkeys, fault: 'invalid', at: 'pk-2', typed: names.person },
    'passkeys-empty': { kind: 'passkeys', passkeys: [] },
    'new-passkey': { kind: 'new_passkey', pending: 'sealed', options: CREATION },
    'new-passkey-faulty': {
      kind: 'new_passkey',
      pending: 'sealed',
      options: CREATION,
      fault: 'invalid',
      at: 'name',
      typed: names.person,
    },
    authenticators: { kind: 'authenticators', authenticators: [{ id: 'a1', name: names.person, createdAt: AT }] },
    'authenticators-empty': { kind: 'authenticators', authenticators: [] },
    'new-authenticator': { kind: 'new_authenticator', pending: 'sealed', secret: SECRET, uri: URI },
    'new-authenticator-wrong': {
      kind: 'new_authenticator',
      pending: 'sealed',
      secret: SECRET,
      uri: URI,
      fault: 'wrong',
      typed: names.person,
    },
    recovery: { kind: 'recovery', left: 8, hasFactor: true },
    'recovery-none': { kind: 'recovery', left: 0, hasFactor: true },
    'recovery-useless': { kind: 'recovery', left: 0, hasFactor: false },
    'account-recovery-codes': {
      kind: 'recovery_codes',
      codes: Array.from({ length: 10 }, (_, i) => `k7qf-2mxb-9t${i}c`),
    },
    sessions: {
      kind: 'sessions',
      sessions: [
        { ...session, id: 's2', current: false, host: 'compta.example.org', userAgent: SAFARI, organization: null },
        session,
        { ...session, id: 's3', current: false, userAgent: names.person, lastUsedAt: null, address: '192.0.2.7' },
      ],
      done: 'session_ended',
    },
    'sessions-one': { kind: 'sessions', sessions: [session] },
    applications: {
      kind: 'applications',
      applications: [
        {
          ...{ id: 'nextcloud', name: names.application, since: LATER, signedIn: true, offline: true },
          scopes: ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access'],
        },
        { id: 'wiki', name: 'Wiki', since: AT, scopes: ['openid'], signedIn: false, offline: false },
        { id: 'old', name: 'Compta', since: AT, scopes: [], signedIn: false, offline: true },
      ],
      done: 'application_revoked',
    },
    'applications-empty': { kind: 'applications', applications: [] },
    tokens: {
      kind: 'tokens',
      tokens: [token, { ...token, id: 't2', name: 'Compta', lastUsedAt: LATER, expiresAt: null }],
    },
    'tokens-empty': { kind: 'tokens', tokens: [], fault: 'rate_limited', retryAfterS: 40 },
    ...Object.fromEntries(
      Object.entries(CONFIRMED).map(([section, [does]]) => {
        const [id, label] = ['recovery', 'sessions'].includes(section) ? ['', ''] : ['x y/1', names.person]
        return [`confirm-${section}`, { kind: 'confirm', section, do: does, id, label } as AccountView] as const
      }),
    ),
    'gone-link': { kind: 'gone', what: 'link' },
    'gone-thing': { kind: 'gone', what: 'thing' },
  }
}

/** Path → page. The path is also the name of its pictures. */
export function accountPages(names: Names): Readonly<Record<string, (language: Language) => Page>> {
  const pages = Object.entries(views(names)).map(([name, view]) => {
    const path = `/${name}`
    return [path, (language: Language) => accountPage(view, around(language, path))] as const
  })
  return Object.fromEntries(pages)
}
