import { interactionPage, type ShownInteraction } from '../../src/pages/consent.ts'
import { devicePage, type ShownDevice } from '../../src/pages/device.ts'
import type { Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/page.ts'
import { type ProviderError, providerErrorPage } from '../../src/pages/provider_error.ts'
import { around, HOSTILE, type Names } from './sign_in_samples.ts'

/** Every page on which somebody decides about an application, or is told that it cannot go on. */

const ASKED = {
  scopes: ['openid', 'profile', 'email', 'groups', 'organization', 'offline_access'],
  resources: [],
} as const
const CODE = 'WDJB-MJHT'

function interactions(names: Names): Readonly<Record<string, ShownInteraction>> {
  const person = { account: 'marie', name: names.person }
  const application = names.application
  const again = `/sign-in?flow=${'Zm9v'.repeat(300)}`
  const consent = { kind: 'consent', uid: 'u1', client: 'compta', application, person, isMore: false } as const
  const resources = [{ id: 'https://api.recyclique.example/v1', scopes: ['cash.read', names.group, 'stock.write'] }]
  return {
    '/consent': { ...consent, place: 'catalogue.federation-des-associations.example:8443', asked: ASKED },
    '/consent-more': {
      ...consent,
      place: 'compta.example',
      isMore: true,
      asked: { scopes: ['groups'], resources },
    },
    '/consent-not-allowed': { kind: 'not_allowed', application, person, again },
    '/consent-no-email': { kind: 'no_email', application, person, again },
    '/consent-other-account': { kind: 'other_account', application, person, again },
    '/consent-stale': { kind: 'stale' },
  }
}

function devices(names: Names): Readonly<Record<string, ShownDevice>> {
  const person = { account: 'marie', name: names.person }
  const application = names.application
  const confirm = {
    kind: 'confirm',
    application,
    person,
    code: CODE,
    asked: ASKED,
    at: '2026-11-22T12:30:00Z',
  } as const
  const own = names.application === HOSTILE ? HOSTILE : 'recyclique-till/4.1 (raspberry; armv7l)'
  return {
    '/device': { kind: 'enter', code: '' },
    '/device-complete': { kind: 'enter', code: CODE },
    '/device-wrong': { kind: 'enter', code: 'BBBB-BBBB', fault: 'wrong' },
    '/device-limited': { kind: 'enter', code: '', fault: 'rate_limited', retryAfterS: 420 },
    '/device-confirm': { ...confirm, from: { address: '2001:db8:85a3::8a2e:370:7334', userAgent: own } },
    '/device-confirm-unknown': { ...confirm, from: { address: undefined, userAgent: undefined } },
    '/device-not-allowed': { kind: 'not_allowed', application, person, again: '/sign-in?flow=f' },
    '/device-allowed': { kind: 'decided', application, isAllowed: true },
    '/device-denied': { kind: 'decided', application, isAllowed: false },
  }
}

function errors(names: Names): Readonly<Record<string, ProviderError>> {
  const application = names.application
  const bad = { status: 400, application } as const
  return {
    '/error-client': { status: 401, application: undefined, error: 'invalid_client', description: 'client is invalid' },
    '/error-redirect': {
      ...bad,
      error: 'invalid_redirect_uri',
      description: "redirect_uri did not match any of the client's registered redirect_uris",
    },
    '/error-stale': { ...bad, error: 'invalid_request', description: 'interaction session not found' },
    '/error-request': { ...bad, error: 'invalid_request', description: names.group },
    '/error-ours': { ...bad, status: 503, error: 'temporarily_unavailable', description: undefined },
  }
}

export function consentPages(names: Names): Readonly<Record<string, (language: Language) => Page>> {
  const made = <T>(samples: Readonly<Record<string, T>>, page: (sample: T, at: ReturnType<typeof around>) => Page) =>
    Object.entries(samples).map(([path, sample]) => {
      return [path, (language: Language) => page(sample, around(language, path))] as const
    })
  return Object.fromEntries([
    ...made(interactions(names), interactionPage),
    ...made(devices(names), devicePage),
    ...made(errors(names), providerErrorPage),
  ])
}
