import { parse } from 'yaml'
import type { Catalogue } from '../../src/outbound/catalogue.ts'
import { resolveBaseUrl, resolveTest, validateSecrets, validateSettings } from '../../src/outbound/connection_input.ts'
import type { Connector } from '../../src/outbound/connector.ts'
import { credentialRefused } from '../../src/outbound/refusal.ts'
import { signConnection, signedNames } from '../../src/outbound/signing.ts'

/**
 * A golden file: a connection in YAML, then pairs of blocks separated by `----------`: what comes in, what must go out.
 * What comes in is a caller's request, the word `test`, or an answer of the service (`HTTP/1.1 403`, blank line, body).
 */
const SEPARATOR = '\n----------\n'

interface Golden {
  readonly connector: string
  readonly scheme?: string
  readonly settings?: Readonly<Record<string, string>>
  readonly secrets: Readonly<Record<string, string>>
}

/** The file again, with what really goes out. */
export function replay(text: string, catalogue: Catalogue): string {
  const [head = '', ...blocks] = text.trimEnd().split(SEPARATOR)
  const golden = parse(head) as Golden
  const connector = catalogue.get(golden.connector)
  if (connector === undefined) throw new Error(`there is no connector ${golden.connector}`)
  const inputs = blocks.filter((_, index) => index % 2 === 0)
  const exchanges = inputs.flatMap((input) => [input, outcome(input, connector, golden)])
  return `${[head, ...exchanges].join(SEPARATOR)}\n`
}

function outcome(input: string, connector: Connector, golden: Golden): string {
  if (input.startsWith('HTTP/')) return judge(input, connector)
  return input === 'test' ? test(connector, golden) : send(input, connector, golden)
}

function judge(answer: string, connector: Connector): string {
  const [start = '', body = ''] = answer.split('\n\n')
  const refused = credentialRefused(connector, Number(start.split(' ')[1]), body)
  return refused ? 'the service refuses our credential' : 'an answer for the caller'
}

function test(connector: Connector, golden: Golden): string {
  const request = resolveTest(connector, validateSettings(connector, golden.settings))
  return request === undefined ? 'no test' : send(`${request.method} ${request.path}`, connector, golden)
}

function send(input: string, connector: Connector, golden: Golden): string {
  const scheme = golden.scheme ?? connector.schemes[0] ?? ''
  const settings = validateSettings(connector, golden.settings)
  const connection = { connector, settings, secrets: validateSecrets(connector, scheme, golden.secrets) }
  const removed = signedNames(scheme, connection)
  const signature = signConnection(scheme, connection)

  const [line = '', ...headerLines] = input.split('\n')
  const [method, target = ''] = line.split(' ')
  const [path = '', query = ''] = target.split('?')
  const kept = query.split('&').filter((pair) => pair !== '' && !removed.query.includes(nameOf(pair)))
  const url = new URL(resolveBaseUrl(connector, settings))
  const sent = [...kept, signature.query].filter((part) => part !== '').join('&')
  const passed = headerLines.filter((header) => !removed.headers.includes(header.split(':')[0]?.toLowerCase() ?? ''))
  const base = url.pathname === '/' ? '' : url.pathname
  return [
    `${method} ${base}${path}${sent === '' ? '' : `?${sent}`}`,
    `Host: ${url.host}`,
    ...passed,
    ...lines(signature.headers),
  ].join('\n')
}

function nameOf(pair: string): string {
  return decodeURIComponent(pair.split('=')[0] ?? '').toLowerCase()
}

function lines(headers: readonly string[]): string[] {
  return headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []))
}
