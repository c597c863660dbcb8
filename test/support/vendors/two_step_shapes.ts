import { XMLParser } from 'fast-xml-parser'
import { formFields, jsonFields, mediaType } from './reading.ts'
import { type Call, Refused, type Reply } from './vendor.ts'

/** Read at every request: tests change them while it runs. */
export interface TwoStepSettings {
  /** 2: the login gives a challenge, and the token comes for the challenge at `/login/confirm`. */
  steps: 1 | 2
  /** The only type of body that is taken. */
  request: 'json' | 'form' | 'xml'
  /** Where the token is in the answer. With `xml` the whole answer is XML, otherwise JSON. */
  tokenIn: 'json' | 'xml' | 'header' | 'cookie'
  /** Members from the root to the token, in JSON; `expires` stands beside it. */
  tokenPath: readonly string[]
  /** How `expires` is written: epoch s or ms, ISO 8601 with Z or without any zone, or seconds from now. */
  expiry: 'epoch_s' | 'epoch_ms' | 'iso' | 'iso_no_zone' | 'seconds' | 'absent'
  /** Of the clock that `iso_no_zone` is read from. */
  zoneMinutes: number
  tokenSeconds: number
  /** A refusal is a 401, or a 200 with `ok: false`; a dead token at `/data` likewise. */
  refusal: 'status' | 'flag'
  /** How `/data` and `/logout` want the token. */
  useIn: 'header' | 'cookie' | 'bearer'
  /** False: the password was changed. */
  credentialsValid: boolean
}

export const DEFAULTS: TwoStepSettings = {
  steps: 1,
  request: 'json',
  tokenIn: 'json',
  tokenPath: ['data', 'session', 'token'],
  expiry: 'seconds',
  zoneMinutes: 0,
  tokenSeconds: 1800,
  refusal: 'status',
  useIn: 'header',
  credentialsValid: true,
}

export const TOKEN_HEADER = 'X-Session-Token'
export const TOKEN_COOKIE = 'session_id'

/** The fields of a body of the type that is wanted; 415 for any other. */
export function fieldsOf(settings: TwoStepSettings, call: Call): Record<string, unknown> {
  const unsupported: Reply = { status: 415, body: { ok: false, error: `${settings.request} is wanted` } }
  if (settings.request === 'json') return jsonFields(call, unsupported)
  if (settings.request === 'form') return Object.fromEntries(formFields(call, unsupported))
  if (!/^(application|text)\/xml$/.test(mediaType(call))) throw new Refused(unsupported)
  const parsed = new XMLParser({ parseTagValue: false }).parse(call.body)
  return parsed.login ?? {}
}

/** `expires` of a token that ends at `endsAt`. */
export function expires(settings: TwoStepSettings, endsAt: number): string | number | undefined {
  const local = new Date(endsAt + settings.zoneMinutes * 60_000).toISOString().replace(/\.\d+Z$/, '')
  const forms = {
    epoch_s: Math.floor(endsAt / 1000),
    epoch_ms: endsAt,
    iso: new Date(endsAt).toISOString(),
    iso_no_zone: local,
    seconds: settings.tokenSeconds,
    absent: undefined,
  }
  return forms[settings.expiry]
}

/** The answer to a login that went well. */
export function success(settings: TwoStepSettings, token: string, endsAt: number): Reply {
  const expiry = expires(settings, endsAt)
  if (settings.tokenIn === 'xml') return xml(`<session><token>${token}</token>${element('expires', expiry)}</session>`)
  const inBody = settings.tokenIn === 'json' && { [settings.tokenPath.at(-1) ?? 'token']: token }
  const innermost = { ...inBody, ...(expiry !== undefined && { expires: expiry }) }
  const nested = settings.tokenPath.slice(0, -1).reduceRight<object>((inner, name) => ({ [name]: inner }), innermost)
  const headers = {
    ...(settings.tokenIn === 'header' && { [TOKEN_HEADER]: token }),
    ...(settings.tokenIn === 'cookie' && {
      'Set-Cookie': ['theme=dark; Path=/', `${TOKEN_COOKIE}=${token}; Path=/; HttpOnly`],
    }),
  }
  return { status: 200, headers, body: { ok: true, ...nested } }
}

export function challenged(settings: TwoStepSettings, challenge: string): Reply {
  if (settings.tokenIn === 'xml') return xml(`<challenge>${challenge}</challenge>`)
  return { status: 200, body: { ok: true, challenge } }
}

export function refusal(settings: TwoStepSettings, error: string): Reply {
  const status = settings.refusal === 'flag' ? 200 : 401
  if (settings.tokenIn === 'xml') return { ...xml(`<error>${error}</error>`, false), status }
  return { status, body: { ok: false, error } }
}

const element = (name: string, value: unknown) => (value === undefined ? '' : `<${name}>${value}</${name}>`)

const xml = (inner: string, ok = true): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'application/xml' },
  body: `<?xml version="1.0"?><response><ok>${ok}</ok>${inner}</response>`,
})
