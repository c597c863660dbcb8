import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { ConfigurationError } from '../core/errors.ts'
import { parseCidr } from '../policy/address.ts'
import { PEOPLE_SETTINGS } from './people_settings.ts'

/** One boot setting: its name in `octroi.yaml`, its environment variable, and what it says. The docs are generated from this. */
interface Setting {
  readonly env: string
  readonly description: string
  readonly schema: z.ZodType
}

const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  ),
])

const cidrs = list.superRefine((values, context) => {
  for (const value of values) {
    try {
      parseCidr(value)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as Error).message })
    }
  }
})

/** As people write it in YAML and in environments. */
const yesOrNo = z.unknown().transform((value, context) => {
  if (['true', 'yes', '1'].includes(String(value))) return true
  if (['false', 'no', '0'].includes(String(value))) return false
  context.addIssue({ code: 'custom', message: 'must be true or false' })
  return z.NEVER
})

const LISTEN = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s]*)):(\d{1,5})$/

const listen = z.string().transform((text, context) => {
  const match = LISTEN.exec(text)
  const port = Number(match?.[3])
  if (match !== null && port <= 65_535) return { address: match[1] ?? (match[2] || '0.0.0.0'), port }
  context.addIssue({ code: 'custom', message: 'must be ADDRESS:PORT, like 127.0.0.1:8700' })
  return z.NEVER
})

const publicUrl = z.string().transform((text, context) => {
  try {
    const url = new URL(text)
    if (
      !/^https?:$/.test(url.protocol) ||
      url.username !== '' ||
      url.password !== '' ||
      url.search !== '' ||
      url.hash !== ''
    )
      throw new Error()
    // Not `href`: it keeps a bare "?" or "#".
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be an http or https address without user info, query or fragment',
    })
    return z.NEVER
  }
})

/** Headers that mean something else: read as a certificate, they would let a caller write his own. */
const OTHER_HEADERS =
  /^(?:authorization|proxy-authorization|api-key|x-api-key|cookie|host|connection|forwarded|content-.*|x-forwarded-(?:for|proto|host|port|uri|method|prefix)|x-original-.*|octroi-.*)$/

const certificateHeader = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,100}$/, 'must be the name of a header: letters, digits and hyphens')
  .transform((name) => name.toLowerCase())
  .refine((name) => !OTHER_HEADERS.test(name), 'is a header that means something else')

const databaseUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// (without it the data folder holds an SQLite file)')

export const SETTINGS = {
  listen: {
    env: 'OCTROI_LISTEN',
    description: 'Address and port to listen on.',
    schema: listen.default({ address: '127.0.0.1', port: 8700 }),
  },
  public_url: {
    env: 'OCTROI_PUBLIC_URL',
    description: 'Where callers reach Octroi; a path in it is honoured.',
    schema: publicUrl.optional(),
  },
  data_dir: {
    env: 'OCTROI_DATA_DIR',
    description: 'The data folder.',
    schema: z.string().min(1).default('./octroi-data'),
  },
  database_url: {
    env: 'OCTROI_DATABASE_URL',
    description: 'PostgreSQL instead of the SQLite file in the data folder.',
    schema: databaseUrl.optional(),
  },
  master_key: {
    env: 'OCTROI_MASTER_KEY',
    description: 'The master key: 32 bytes in base64.',
    schema: z.string().min(1).optional(),
  },
  master_key_file: {
    env: 'OCTROI_MASTER_KEY_FILE',
    description: 'A file that holds the master key; by default master.key in the data folder.',
    schema: z.string().min(1).optional(),
  },
  trusted_proxies: {
    env: 'OCTROI_TRUSTED_PROXIES',
    description: 'Addresses or CIDRs of reverse proxies whose X-Forwarded-* are believed; none by default.',
    schema: cidrs.default([]),
  },
  client_certificate_header: {
    env: 'OCTROI_CLIENT_CERTIFICATE_HEADER',
    description:
      'The header in which trusted proxies pass the client certificate that they verified, or its subject; none by default.',
    schema: certificateHeader.optional(),
  },
  environment: {
    env: 'OCTROI_ENVIRONMENT',
    description: 'A name stored with each key; keys of another environment do not work.',
    schema: z
      .string()
      .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_", "-"')
      .default('default'),
  },
  keys_files: {
    env: 'OCTROI_KEYS_FILES',
    description:
      'Files that provide keys, or folders as server_environment of Odoo lays them out; read anew when they change.',
    schema: list.default([]),
  },
  keys: {
    env: 'OCTROI_KEYS',
    description: 'The same text in the environment; wins over the files.',
    schema: z.string().optional(),
  },
  server_env_config: {
    env: 'SERVER_ENV_CONFIG',
    description: 'The same, under the name that Odoo reads; wins over OCTROI_KEYS.',
    schema: z.string().optional(),
  },
  server_env_config_secret: {
    env: 'SERVER_ENV_CONFIG_SECRET',
    description: 'The same; wins over all others.',
    schema: z.string().optional(),
  },
  keys_outlive_owner: {
    env: 'OCTROI_KEYS_OUTLIVE_OWNER',
    description: 'Whether keys that are made without saying so go on when their account is disabled.',
    schema: yesOrNo.default(false),
  },
  ...PEOPLE_SETTINGS,
  log_level: {
    env: 'OCTROI_LOG_LEVEL',
    description: 'trace, debug, info, warn, error or silent.',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  },
  connectors: {
    env: 'OCTROI_CONNECTORS',
    description: 'Further folders of connector files, besides connectors in the data folder.',
    schema: list.default([]),
  },
  audit: {
    env: 'OCTROI_AUDIT',
    description: 'batched, or strict: nothing is answered that is not recorded on disk.',
    schema: z.enum(['batched', 'strict']).default('batched'),
  },
  audit_retention_days: {
    env: 'OCTROI_AUDIT_RETENTION_DAYS',
    description: 'Audit lines older than this are deleted; 0 keeps all.',
    schema: z.coerce.number().int().min(0).max(36_500).default(365),
  },
  metrics_listen: {
    env: 'OCTROI_METRICS_LISTEN',
    description: 'Address and port that serve /metrics without a key; a loopback address.',
    schema: listen
      .refine(({ address }) => address === '::1' || address.startsWith('127.'), 'must be a loopback address')
      .optional(),
  },
} as const satisfies Record<string, Setting>

type Name = keyof typeof SETTINGS

export type Settings = { readonly [K in Name]: z.output<(typeof SETTINGS)[K]['schema']> }

export interface SettingsSource {
  /** `--config`; otherwise `OCTROI_CONFIG`, otherwise `octroi.yaml` in the current folder if there is one. */
  readonly configFile?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  /** From the command line, over everything else. */
  readonly flags?: Partial<Record<Name, unknown>>
}

/** Reads all settings; throws `ConfigurationError` with every fault at once, each naming its key and where it came from. */
export function readSettings({ configFile, env, flags = {} }: SettingsSource): Settings {
  const file = readFile(configFile ?? env.OCTROI_CONFIG)
  const faults: string[] = [...file.faults, ...unknownNames(file)]
  const settings: Record<string, unknown> = {}
  for (const [name, { env: variable, schema }] of Object.entries(SETTINGS)) {
    const { value, from, folder } = sourceOf(name as Name, variable, file, env, flags)
    const result = schema.safeParse(value)
    if (result.success) settings[name] = PATHS.has(name) ? absolute(folder, result.data) : result.data
    else faults.push(...result.error.issues.map((issue) => `${from}: ${issue.message}`))
  }
  if (settings.master_key !== undefined && settings.master_key_file !== undefined) {
    faults.push('OCTROI_MASTER_KEY and OCTROI_MASTER_KEY_FILE are both set: give one of them.')
  }
  if (settings.smtp_url !== undefined && settings.mail_from === undefined) {
    faults.push('OCTROI_MAIL_FROM is missing: mail that goes out by OCTROI_SMTP_URL needs a sender.')
  }
  if (faults.length > 0) throw new ConfigurationError(faults)
  return settings as Settings
}

const PATHS: ReadonlySet<string> = new Set(['data_dir', 'master_key_file', 'connectors', 'keys_files'])

/** A path of the file is read from the file's folder, one of the environment or the command line from the current folder. */
function absolute(folder: string, value: unknown): unknown {
  if (typeof value === 'string') return resolve(folder, value)
  return Array.isArray(value) ? value.map((path) => resolve(folder, path)) : value
}

function sourceOf(
  name: Name,
  variable: string,
  file: ReturnType<typeof readFile>,
  env: SettingsSource['env'],
  flags: Partial<Record<Name, unknown>>,
): { readonly value: unknown; readonly from: string; readonly folder: string } {
  const here = process.cwd()
  if (flags[name] !== undefined) return { value: flags[name], from: `--${name.replaceAll('_', '-')}`, folder: here }
  if (env[variable] !== undefined && env[variable] !== '') return { value: env[variable], from: variable, folder: here }
  return { value: file.values[name] ?? undefined, from: `${file.name}: ${name}`, folder: file.folder }
}

function readFile(given: string | undefined) {
  const name = given ?? 'octroi.yaml'
  const nothing = { name, folder: process.cwd(), values: {} as Record<string, unknown>, faults: [] as string[] }
  if (!existsSync(name))
    return given === undefined ? nothing : { ...nothing, faults: [`${name}: there is no such file`] }
  const folder = dirname(resolve(name))
  try {
    const values: unknown = parse(readFileSync(name, 'utf8')) ?? {}
    if (typeof values === 'object' && !Array.isArray(values))
      return { name, folder, values: values as Record<string, unknown>, faults: [] }
    return { ...nothing, folder, faults: [`${name}: must hold settings as "name: value" lines`] }
  } catch (error) {
    return { ...nothing, folder, faults: [`${name}: ${(error as Error).message.split('\n')[0]}`] }
  }
}

/** A misspelt setting must not be one that silently does nothing. (Of the environment's names not all are ours to judge.) */
function unknownNames({ name: file, values }: ReturnType<typeof readFile>): string[] {
  return Object.keys(values)
    .filter((name) => !Object.hasOwn(SETTINGS, name))
    .map((name) => `${file}: there is no setting ${name}`)
}

export function masterKeySource(settings: Settings): { readonly value: string } | { readonly file: string } {
  if (settings.master_key !== undefined) return { value: settings.master_key }
  return { file: settings.master_key_file ?? join(settings.data_dir, 'master.key') }
}

/** Where the environment and files provide keys: files first, later texts win. */
export function keysSources(settings: Settings): {
  readonly files: readonly string[]
  readonly environment: string
  readonly texts: readonly { readonly name: string; readonly text: string }[]
} {
  const { keys_files: files, environment, keys, server_env_config, server_env_config_secret } = settings
  const texts = [
    { name: SETTINGS.keys.env, text: keys },
    { name: SETTINGS.server_env_config.env, text: server_env_config },
    { name: SETTINGS.server_env_config_secret.env, text: server_env_config_secret },
  ]
  return { files, environment, texts: texts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }])) }
}
