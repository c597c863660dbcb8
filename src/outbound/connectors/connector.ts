import { type Document, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type FieldError, OctroiError } from '../../core/errors.ts'
import type { ConnectionLimits, RateLimit } from '../../core/types.ts'
import type { SecretFields } from '../scheme.ts'
import { type Compiled, compileConnector, finalFaults } from './connector_checks.ts'
import { ConnectorFile } from './connector_schema.ts'

export { connectorJsonSchema } from './connector_schema.ts'

export interface SettingField {
  readonly title: string
  readonly description?: string | undefined
  readonly format: 'url' | 'text' | 'hostname'
  readonly example?: string | undefined
  readonly default?: string | undefined
  readonly pattern?: string | undefined
  readonly enum?: readonly string[] | undefined
  readonly optional: boolean
}

export interface OverreachProbe {
  readonly method: string
  readonly path: string
  /** Statuses that say that the credential may not. */
  readonly refused: readonly number[]
  readonly right: string
  /** Rules; when some key is granted one of them the right is needed. */
  readonly unless_granted: readonly string[]
}

/** Where the accounts of a person at the service are listed, and the setting that the chosen one becomes. */
export interface AccountChoice {
  readonly request: string
  readonly items: readonly string[]
  readonly id: readonly string[]
  readonly label: readonly string[]
  readonly setting: string
}

/** Catalogue entry: what is known of a service before anyone connects. Plain data but for `compiled`. */
export interface Connector {
  readonly id: string
  readonly name: string
  readonly description?: string | undefined
  readonly docs: string
  readonly sources: readonly string[]
  /** In order of preference. */
  readonly schemes: readonly string[]
  readonly settings: Readonly<Record<string, SettingField>>
  readonly secrets: SecretFields
  /** A template; the address of a connection is `resolveBaseUrl`. */
  readonly base_url: string
  /** Hosts (`name` or `*.domain`) that an address given by the service may name. */
  readonly hosts: readonly string[]
  readonly accounts?: AccountChoice | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  /** Parameters that are taken off the caller's request: with them the service would do something else than the rules saw. */
  readonly drop_query: readonly string[]
  readonly encoded_slash: 'allow' | 'refuse'
  readonly cookies: 'keep' | 'drop'
  /** Below the base URL, query included; a template: the request of a connection is `resolveTest`. */
  readonly test?: { readonly method: 'GET' | 'HEAD'; readonly path: string } | undefined
  readonly unauthorized: 'rejected' | 'answer'
  readonly rejected_when: readonly { readonly status: number; readonly body?: string | undefined }[]
  readonly limits: ConnectionLimits
  readonly token_requests?: RateLimit | undefined
  /** Named sets of rules that an operator can pick. */
  readonly grants: Readonly<Record<string, readonly string[]>>
  /** Rules that win over every grant. */
  readonly never: readonly string[]
  readonly overreach: readonly OverreachProbe[]
  /** The sections of schemes (`basic`, `api_key`) as they are written. */
  readonly sections: Readonly<Record<string, unknown>>
  /** For the code under `outbound/` only: not data, not part of what the API shows. */
  readonly compiled: Compiled
}

const MAX_FILE_CHARACTERS = 256 * 1024

/**
 * Reads a connector file. Throws `OctroiError` `invalid_request` with every fault in `errors`:
 * the path of the field, what is wrong, and the line.
 */
export function parseConnector(text: string, fileName: string): Connector {
  if (text.length > MAX_FILE_CHARACTERS)
    throw refuse(fileName, [{ path: '', message: 'the file is larger than 256 kB' }])
  const lines = new LineCounter()
  const { document, data } = readYaml(text, lines, fileName)
  const { faults, connector } = check(data)
  if (connector !== undefined && faults.length === 0) return connector
  const located = faults.map(({ path, message }) => {
    const node = document.getIn(path.map(numeric), true) as { range?: readonly number[] } | undefined
    const start = node?.range?.[0]
    return { path: path.join('.'), message: `${message}${start === undefined ? '' : at(lines.linePos(start))}` }
  })
  throw refuse(fileName, located)
}

function readYaml(text: string, lines: LineCounter, fileName: string): { document: Document; data: unknown } {
  try {
    const document = parseDocument(text, { lineCounter: lines })
    const faults = document.errors.map(({ message, linePos }) => ({
      path: '',
      message: `${firstLine(message)}${at(linePos?.[0])}`,
    }))
    if (faults.length > 0) throw refuse(fileName, faults)
    return { document, data: document.toJS() }
  } catch (error) {
    if (error instanceof OctroiError) throw error
    // Aliases that multiply, or nesting deeper than the stack.
    throw refuse(fileName, [
      { path: '', message: `cannot be read: ${error instanceof Error ? error.message : 'not YAML'}` },
    ])
  }
}

export interface Fault {
  readonly path: readonly string[]
  readonly message: string
}

function check(data: unknown): { faults: readonly Fault[]; connector?: Connector } {
  const parsed = ConnectorFile.safeParse(data, {
    error: (issue) => (issue.input === undefined ? 'is required' : undefined),
  })
  const shapeFaults = parsed.success ? [] : parsed.error.issues.flatMap(fault)
  const broken = new Set(shapeFaults.map(({ path }) => path[0] ?? ''))
  if (data === null || typeof data !== 'object' || Array.isArray(data))
    return { faults: [{ path: [], message: 'must be a mapping of keys' }] }
  const file = (parsed.success ? parsed.data : data) as ConnectorFile
  const { compiled, faults } = compileConnector(file, broken)
  const all = [...shapeFaults, ...faults]
  if (!parsed.success || compiled === undefined) return { faults: all }
  const connector = { ...plain(file, compiled), compiled }
  return { faults: [...all, ...finalFaults(connector)], connector }
}

/** The file as `Connector` data: parsed requests, the list of schemes, the sections apart. */
function plain(file: ConnectorFile, compiled: Compiled): Omit<Connector, 'compiled'> {
  const { scheme, test, overreach, ...rest } = file
  const sections = Object.fromEntries(compiled.sectionNames.map((name) => [name, rest[name]]))
  const known = Object.fromEntries(Object.entries(rest).filter(([key]) => !compiled.sectionNames.includes(key)))
  return {
    ...(known as Omit<Connector, 'compiled' | 'schemes' | 'test' | 'overreach' | 'sections'>),
    schemes: [scheme].flat(),
    test: test === undefined ? undefined : (request(test) as Connector['test']),
    overreach: overreach.map((probe) => ({
      ...request(probe.request),
      refused: probe.refused,
      right: probe.right,
      unless_granted: probe.unless_granted,
    })),
    sections,
  }
}

function request(text: string): { method: string; path: string } {
  const [method = '', path = ''] = text.split(' ')
  return { method, path }
}

/** One fault for each unknown key, named: "unrecognised keys" of a whole object helps nobody to find the line. */
function fault(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known key' }))
  if (issue.code === 'invalid_union' && issue.errors.length > 0)
    return [{ path, message: 'has none of the shapes that are allowed here' }]
  if (issue.code === 'invalid_key') return [{ path, message: `is not a valid name: ${issue.issues[0]?.message ?? ''}` }]
  return [{ path, message: issue.message }]
}

function refuse(fileName: string, errors: readonly FieldError[]): OctroiError {
  const first = errors[0]
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
  const where = first?.path ? `${first.path}: ` : ''
  return new OctroiError('invalid_request', `${fileName}: ${where}${first?.message ?? 'is not a connector'}${more}`, {
    errors,
  })
}

function at(position: { line: number; col: number } | undefined): string {
  return position === undefined ? '' : ` (line ${position.line}, column ${position.col})`
}

function firstLine(text: string): string {
  return text.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? ''
}

function numeric(key: string): string | number {
  return /^\d+$/.test(key) ? Number(key) : key
}
