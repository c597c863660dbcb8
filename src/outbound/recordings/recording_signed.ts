import { resolveBaseUrl, resolveTest } from '../connectors/connection_input.ts'
import { signRequest } from '../request_signing.ts'
import type { ConnectionSecrets, Scheme } from '../scheme.ts'
import { mangledParameter, signConnection, signedNames } from '../signing.ts'
import { parseRequest } from './recording_format.ts'
import { requestText } from './recording_texts.ts'

const PARAM = /^octroi-param-/i

/** A caller's request as it goes out: what signing sets is taken off first, as the gate does. */
export function signedText(input: string, scheme: Scheme, connection: ConnectionSecrets, now: number): string {
  const { connector, settings, token } = connection
  const address = resolveBaseUrl(connector, settings, token)
  if (address === undefined) return '=> no address yet: it comes with the token'
  const given = parseRequest(input)
  const url = new URL(address)
  const { path, query } = targetOf(given.target)
  const removed = signedNames(scheme, connection)
  const kept = query.filter((pair) => !removed.query.includes(mangledParameter(nameOf(pair))))
  const headers = given.headers.filter(([name]) => !PARAM.test(name) && !removed.headers.includes(name.toLowerCase()))
  const sent = {
    method: given.method,
    origin: url.origin,
    path: `${url.pathname.replace(/\/$/, '')}${path}`,
    query: kept.join('&'),
    headers: headers.flat(),
    body: given.body === undefined ? null : Buffer.from(given.body),
    params: paramsOf(given.headers),
    now,
  }
  const signed = signRequest(signConnection(scheme, connection), sent)
  const target = `${sent.path}${signed.query === '' ? '' : `?${signed.query}`}`
  return requestText(`${given.method} ${target}`, [['Host', url.host], ...pairsOf(signed.headers)], given.body)
}

export function testText(scheme: Scheme, connection: ConnectionSecrets, now: number): string {
  const test = resolveTest(connection.connector, connection.settings)
  return test === undefined ? '=> no test' : signedText(`${test.method} ${test.path}`, scheme, connection, now)
}

function targetOf(target: string): { path: string; query: string[] } {
  const [path = '', ...rest] = target.split('?')
  return {
    path,
    query: rest
      .join('?')
      .split('&')
      .filter((pair) => pair !== ''),
  }
}

function paramsOf(headers: readonly (readonly [string, string])[]): Record<string, string> {
  const params = headers.filter(([name]) => PARAM.test(name))
  return Object.fromEntries(params.map(([name, value]) => [name.replace(PARAM, '').toLowerCase(), value]))
}

function nameOf(pair: string): string {
  return decodeURIComponent(pair.split('=')[0] ?? '').toLowerCase()
}

function pairsOf(flat: readonly string[]): [string, string][] {
  return flat.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[name, flat[i + 1] ?? '']] : []))
}
