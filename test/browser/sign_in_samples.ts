import type { Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/page.ts'
import { type PeopleSurroundings, signInPage } from '../../src/pages/sign_in.ts'
import { REFUSALS } from '../../src/sign_in/method.ts'
import type { FormFault, SignInStage, Way } from '../../src/sign_in/stage.ts'

/** Every page of sign-in as it may be met, the difficult ones too: long names, many ways, faults. */

/** What others can name: people, applications, organisations, providers. */
export interface Names {
  readonly person: string
  readonly application: string
  readonly organization: string
  readonly provider: string
  readonly group: string
}

export const LONG_NAMES: Names = {
  person: 'Maximilienne de Saint-Exupéry-Lavallée',
  application: 'Catalogue régional des données publiques de Loire-Atlantique',
  organization: 'Fédération départementale des associations culturelles et sportives de Loire-Atlantique',
  provider: 'ProConnect',
  group: 'comptabilite-et-tresorerie-de-la-federation',
}

/** T39: what runs where it is not taken as text. */
export const HOSTILE = '<img src=x onerror="document.title=\'run\'"><script>document.title="run"</script>"\'><b>'

export const HOSTILE_NAMES: Names = {
  person: `Marie ${HOSTILE}`,
  application: HOSTILE,
  organization: HOSTILE,
  provider: HOSTILE,
  group: HOSTILE,
}

export function around(language: Language, path: string, more: Partial<PeopleSurroundings> = {}): PeopleSurroundings {
  return {
    language,
    host: 'octroi.example.org',
    installation: 'Les Amis du Rail',
    address: path,
    basePath: '',
    csrf: (action) => `token-of-${action}`,
    requestId: '0f9a2b7c4d1e00000a2f',
    ...more,
  }
}

/** As long as one gets. */
const FLOW = 'Zm9v'.repeat(300)
const STEP = 's'.repeat(43)
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const URI = `otpauth://totp/Les%20Amis%20du%20Rail:marie?secret=${SECRET}&issuer=Les%20Amis%20du%20Rail`
const REQUEST = { challenge: 'Y2hhbGxlbmdl', rpId: 'localhost', userVerification: 'preferred', allowCredentials: [] }
const CODES = Array.from({ length: 10 }, (_, i) => `k7qf-2mxb-9t${i}c`)

function stages(names: Names): Readonly<Record<string, SignInStage>> {
  const way = (method: string, name: string, kind: Way['kind'] = 'oidc') => ({
    method,
    name,
    kind,
    address: `/sign-in/${method}?flow=${FLOW}`,
  })
  const ways = [
    way('proconnect', names.provider),
    way('passkey', 'Passkey', 'passkey'),
    way('annuaire', 'Annuaire', 'ldap'),
  ]
  const form = { method: 'password', name: 'Password', login: '', fixedLogin: false, canReset: true }
  const choose = { kind: 'choose', flow: FLOW, towards: names.application, form, ways, again: false } as const
  const second = { kind: 'second_factor', step: STEP, towards: names.application, totp: true, recovery: true } as const
  const enrol = { kind: 'enrol', step: STEP, towards: null, secret: SECRET, uri: URI } as const
  const first = {
    kind: 'first',
    step: STEP,
    towards: null,
    name: names.person,
    email: 'marie.dupont@example.org',
  } as const
  const link = {
    kind: 'set_password',
    link: STEP,
    name: names.person,
    login: names.person,
    ways: ways.slice(0, 1),
  } as const
  const faulty = (fault: FormFault) => ({ ...choose, form: { ...form, login: names.person }, fault })
  return {
    choose,
    'choose-plain': { ...choose, towards: null, ways: [] },
    'choose-no-form': { ...choose, form: null },
    'choose-none': { ...choose, form: null, ways: [] },
    'choose-wrong': faulty('wrong'),
    'choose-limited': { ...faulty('rate_limited'), retryAfterS: 240 },
    'choose-busy': faulty('busy'),
    'choose-unavailable': faulty('unavailable'),
    again: { ...choose, towards: null, again: true, form: { ...form, login: names.person, fixedLogin: true } },
    passkey: { kind: 'passkey', flow: FLOW, towards: names.application, method: 'passkey', options: REQUEST, ways },
    'passkey-wrong': {
      kind: 'passkey',
      flow: FLOW,
      towards: null,
      method: 'passkey',
      options: REQUEST,
      ways,
      fault: 'wrong',
    },
    'second-factor': { ...second, passkey: REQUEST },
    'second-factor-wrong': { ...second, passkey: null, fault: 'wrong' },
    'second-factor-recovery': { ...second, totp: false, passkey: null },
    'second-factor-none': { ...second, totp: false, recovery: false, passkey: null },
    enrol,
    'enrol-wrong': { ...enrol, fault: 'wrong' },
    'recovery-codes': { kind: 'recovery_codes', step: STEP, towards: null, codes: CODES },
    organizations: {
      kind: 'organizations',
      step: STEP,
      towards: names.application,
      organizations: Array.from({ length: 12 }, (_, i) => ({
        id: `org-${i}`,
        label: i === 0 ? names.organization : `Commune n° ${i}`,
        siret: i === 5 ? null : `1300254890${String(i).padStart(4, '0')}`,
      })),
    },
    first: { ...first, provider: names.provider, canCreate: true, addressKnown: true, ways },
    'first-closed': { ...first, provider: names.provider, canCreate: false, addressKnown: true, ways: [] },
    unavailable: { kind: 'unavailable', flow: FLOW, towards: null, method: names.provider, status: 502, ways },
    ...Object.fromEntries(
      REFUSALS.map(
        (reason) =>
          [
            `refused-${reason}`,
            { kind: 'refused', reason, detail: `Said ${names.provider}.`, again: '/sign-in' },
          ] as const,
      ),
    ),
    'stopped-csrf': { kind: 'stopped', reason: 'csrf', again: '/sign-in' },
    'stopped-not-found': { kind: 'stopped', reason: 'not_found', again: null },
    failed: { kind: 'failed', status: 503, again: '/sign-in' },
    'sign-out': { kind: 'sign_out', csrfFor: '/session/sign-out', flow: FLOW, towards: names.application },
    'signed-out': { kind: 'signed_out', again: '/sign-in', back: 'https://compta.example.org/retour?id=1' },
    invitation: { ...link, purpose: 'invitation' },
    'reset-weak': { ...link, ways: [], purpose: 'password_reset', fault: 'weak' },
    'ask-reset': { kind: 'ask_reset' },
    'ask-reset-empty': { kind: 'ask_reset', fault: 'invalid' },
    'reset-asked': { kind: 'reset_asked' },
  }
}

/** Path → page. The path is also the name of its pictures. */
export function signInPages(names: Names): Readonly<Record<string, (language: Language) => Page>> {
  const pages = Object.entries(stages(names)).map(([name, stage]) => {
    const path = `/${name}`
    return [path, (language: Language) => signInPage(stage, around(language, path))] as const
  })
  return Object.fromEntries(pages)
}
