import {
  connectAuthorise,
  connectChoose,
  connectCode,
  connectDone,
  connectEnded,
  connectFailed,
  connectForm,
  connectRefused,
  connectStopped,
  type FormView,
} from '../../src/pages/connect.ts'
import type { Language } from '../../src/pages/language.ts'
import type { Page } from '../../src/pages/page.ts'

/** Every connect page as it may be met, the difficult ones too: long names, all kinds of fields, many accounts, faults. */

const LONG = 'Fédération départementale des associations culturelles et sportives de Loire-Atlantique'
const LONG_ADDRESS = 'https://comptabilite.association-des-amis-du-musee-des-transports.example.org/un/chemin/tres-long'

function around(language: Language, path: string) {
  return { language, host: 'octroi.example.org', installation: 'Les Amis du Rail', address: path }
}

const POSTING = { action: '/posted', csrf: 'c5rf-t0ken' }

const SIMPLE: Omit<FormView, keyof ReturnType<typeof around>> = {
  ...POSTING,
  service: 'Brevo',
  docs: 'https://developers.brevo.com/docs/api-key-authentication',
  scheme: 'api_key',
  fields: [
    {
      name: 'api_key',
      kind: 'secret',
      title: { en: 'API key', fr: 'Clé d’API' },
      description: { en: 'SMTP & API, tab API keys.', fr: 'Menu SMTP et API, onglet Clés d’API.' },
    },
  ],
}

const RICH: Omit<FormView, keyof ReturnType<typeof around>> = {
  ...POSTING,
  service: 'SuperOffice',
  redirectUri: `${LONG_ADDRESS}/connect/callback/superoffice/une-connexion-au-nom-particulierement-long`,
  docs: 'https://docs.superoffice.com/',
  scheme: 'superoffice',
  next: 'service',
  ways: [
    { scheme: 'superoffice', title: { en: 'System user', fr: 'Utilisateur système' }, address: '?way=superoffice' },
    { scheme: 'oauth2', title: 'OAuth 2.0', address: '?way=oauth2' },
    {
      scheme: 'basic',
      title: { en: 'User name and password', fr: 'Identifiant et mot de passe' },
      address: '?way=basic',
    },
  ],
  fields: [
    {
      name: 'base_url',
      kind: 'setting',
      title: 'Address of your SuperOffice',
      format: 'url',
      example: 'https://online.superoffice.com',
      value: LONG_ADDRESS,
    },
    {
      name: 'environment',
      kind: 'setting',
      title: 'Environment',
      options: ['online', 'sod', 'stage'],
      description: 'Where your data is.',
    },
    { name: 'company', kind: 'setting', title: { en: 'Company', fr: 'Société' }, default: '0', optional: true },
    { name: 'username', kind: 'secret', secret: false, title: { en: 'User name', fr: 'Identifiant' }, value: 'marie' },
    { name: 'client_secret', kind: 'secret', title: 'Client secret', value: 'never-shown-1' },
    {
      name: 'rsa_key',
      kind: 'secret',
      title: 'RSA key',
      multiline: true,
      optional: true,
      description: 'PEM or XML, whole.',
      value: 'never-shown-2',
    },
  ],
}

const FAULTY: typeof RICH = {
  ...RICH,
  again: true,
  fault: 'invalid_request',
  detail: 'The certificate of the service was not accepted (CERT_HAS_EXPIRED).',
  fields: RICH.fields.map((field) => {
    if (field.name === 'base_url')
      return { ...field, error: 'must be an http:// or https:// address without query, fragment or spaces' }
    if (field.name === 'rsa_key') return { ...field, error: 'is not a key that can be read: no PEM begins here' }
    return field.kind === 'secret' && field.secret !== false ? { ...field, error: 'is required' } : field
  }),
}

const ACCOUNTS = Array.from({ length: 120 }, (_, i) => ({
  id: String(1000 + i),
  label: i === 4 ? LONG : `Entreprise ${i + 1} AS`,
  ...(i % 3 === 0 ? { hint: `Org. 9${String(10_000_000 + i * 37)}` } : {}),
}))

/** Path → page. The path is also the name of its pictures. */
export const CONNECT_PAGES: Readonly<Record<string, (language: Language) => Page>> = {
  '/form': (language) => connectForm({ ...SIMPLE, ...around(language, '/form') }),
  '/form-rich': (language) => connectForm({ ...RICH, ...around(language, '/form-rich'), installation: LONG }),
  '/form-faulty': (language) => connectForm({ ...FAULTY, ...around(language, '/form-faulty') }),
  '/form-refused': (language) =>
    connectForm({ ...SIMPLE, ...around(language, '/form-refused'), fault: 'upstream_rejected_credential' }),
  '/authorise': (language) =>
    connectAuthorise({
      ...around(language, '/authorise'),
      ...POSTING,
      service: 'Fiken',
      docs: 'https://api.fiken.no/api/v2/docs/',
      signInHost: 'fiken.no',
    }),
  '/authorise-faulty': (language) =>
    connectAuthorise({
      ...around(language, '/authorise-faulty'),
      ...POSTING,
      service: 'Fiken',
      signInHost: 'fiken.no',
      fault: 'upstream_timeout',
    }),
  '/choose': (language) =>
    connectChoose({ ...around(language, '/choose'), ...POSTING, service: 'Tripletex', accounts: ACCOUNTS }),
  '/choose-faulty': (language) =>
    connectChoose({
      ...around(language, '/choose-faulty'),
      ...POSTING,
      service: 'Tripletex',
      accounts: ACCOUNTS.slice(3, 7),
      fault: 'unchosen',
    }),
  '/done': (language) =>
    connectDone({ ...around(language, '/done'), service: 'Tripletex', identity: 'marie@example.org' }),
  '/done-back': (language) =>
    connectDone({
      ...around(language, '/done-back'),
      service: 'Tripletex',
      back: 'https://compta.example.org/retour?id=1',
    }),
  '/code': (language) =>
    connectCode({
      ...around(language, '/code'),
      service: 'Tripletex',
      identity: LONG,
      code: 'K7QF-2MXB-9TRC',
      minutes: 10,
    }),
  '/expired': (language) => connectEnded({ ...around(language, '/expired'), reason: 'expired', service: 'Tripletex' }),
  '/used': (language) => connectEnded({ ...around(language, '/used'), reason: 'used' }),
  '/unknown': (language) => connectEnded({ language, host: 'octroi.example.org', reason: 'unknown' }),
  '/refused': (language) =>
    connectRefused({
      ...around(language, '/refused'),
      service: 'Fiken',
      by: 'service',
      retry: '/form',
      detail: 'invalid_scope <b>',
    }),
  '/declined': (language) =>
    connectRefused({ ...around(language, '/declined'), service: 'Fiken', by: 'person', retry: '/form' }),
  '/other-account': (language) =>
    connectRefused({ ...around(language, '/other-account'), service: 'Fiken', by: 'other_account', retry: '/form' }),
  '/trouble': (language) =>
    connectRefused({ ...around(language, '/trouble'), service: 'Fiken', by: 'trouble', retry: '/form', detail: LONG }),
  '/stopped': (language) =>
    connectStopped({ ...around(language, '/stopped'), reason: 'cookies', status: 403, retry: '/form' }),
  '/failed': (language) =>
    connectFailed({
      ...around(language, '/failed'),
      service: 'Tripletex',
      requestId: '0f9a2b7c4d1e00000a2f',
      retry: '/form',
      status: 503,
    }),
}
