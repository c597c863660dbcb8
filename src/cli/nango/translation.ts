import type { NangoEntry, NangoField } from './entry.ts'

/** What cannot be said in a connector file; the message is for people. */
export class Untranslatable extends Error {
  override readonly name = 'Untranslatable'
}

interface SettingUse {
  /** The most exacting of its places. */
  place: 'text' | 'path' | 'host' | 'url'
}

const RANK = ['text', 'path', 'host', 'url'] as const
/** A free text inside an address could name another host: these cannot. */
const PATTERNS = {
  host: '[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?',
  path: '[A-Za-z0-9][A-Za-z0-9._~-]{0,199}',
} as const

/** What may stand in an address: never a secret, never what only the token tells. */
const SETTING = /^\$\{settings\./

const EXPRESSION = /\$\{([^}]*)\}/g

const SECRETS: Readonly<Record<string, string>> = {
  apiKey: 'api_key',
  username: 'username',
  password: 'password',
  clientId: 'client_id',
  clientSecret: 'client_secret',
}

/** The texts of one entry in our templates, and what they turned out to need. */
export class Translation {
  readonly settings = new Map<string, SettingUse>()
  readonly secrets = new Map<string, NangoField>()
  readonly left: string[] = []
  readonly #entry: NangoEntry
  /** What the access token is called in our scheme; `undefined` where there is none. */
  readonly #token: string | undefined

  constructor(entry: NangoEntry, token: string | undefined) {
    this.#entry = entry
    this.#token = token
  }

  /** A value of a header, a parameter or a body. */
  text(text: string): string {
    return text.replace(EXPRESSION, (_, inside: string) => this.#reference(inside.trim(), 'text'))
  }

  /** An address: settings in it may only be what cannot lead elsewhere. */
  address(text: string): string {
    if (!/^(https?:\/\/|\$\{)/.test(text)) throw new Untranslatable(`${text} is not an address`)
    return text.replace(EXPRESSION, (_, inside: string, at: number) => {
      const before = text.slice(0, at).replace(/^https?:\/\//, '')
      const place = at === 0 ? 'url' : before.includes('/') ? 'path' : 'host'
      const reference = this.#reference(inside.trim(), place)
      if (SETTING.test(reference)) return reference
      throw new Untranslatable(`${text} has ${inside} in an address`)
    })
  }

  #reference(inside: string, place: SettingUse['place']): string {
    const [, root, name] = /^(connectionConfig|credentials)\.([A-Za-z][\w-]*)$/.exec(inside) ?? []
    if (root === 'connectionConfig') return `\${settings.${this.#setting(name as string, place)}}`
    if (root === 'credentials') return `\${secrets.${this.#secret(name as string)}}`
    if (inside === 'accessToken' && this.#token !== undefined) return `\${token.${this.#token}}`
    if (Object.hasOwn(SECRETS, inside)) return `\${secrets.${this.#secret(inside)}}`
    throw new Untranslatable(`\${${inside}} has no counterpart`)
  }

  #setting(given: string, place: SettingUse['place']): string {
    if (this.#entry.connection_config[given]?.automated === true) {
      throw new Untranslatable(`\${connectionConfig.${given}} comes from the service itself`)
    }
    const name = ourName(given)
    const use = this.settings.get(name)
    if (use === undefined || RANK.indexOf(place) > RANK.indexOf(use.place)) this.settings.set(name, { place })
    return name
  }

  #secret(given: string): string {
    const name = SECRETS[given] ?? ourName(given)
    this.secrets.set(name, this.#entry.credentials[given] ?? {})
    return name
  }

  /** The section `settings`. */
  settingFields(): Record<string, unknown> {
    const known = new Map(Object.entries(this.#entry.connection_config).map(([name, field]) => [ourName(name), field]))
    return Object.fromEntries(
      [...this.settings].map(([name, { place }]) => [name, settingField(name, known.get(name) ?? {}, place)]),
    )
  }

  /** The section `secrets`: what the entry says of them. */
  secretFields(): Record<string, unknown> {
    return Object.fromEntries([...this.secrets].map(([name, field]) => [name, described(name, field)]))
  }
}

function settingField(name: string, field: NangoField, place: SettingUse['place']): Record<string, unknown> {
  const known = { ...described(name, field), ...(field.example === undefined ? {} : { example: field.example }) }
  if (place === 'url') return { ...known, format: 'url' }
  const preset = field.default_value === undefined ? {} : { default: field.default_value }
  if (place !== 'text') return { ...known, ...preset, pattern: PATTERNS[place] }
  const optional = field.optional === true ? { optional: true } : {}
  return { ...known, ...preset, ...optional }
}

function described(name: string, { title, description }: NangoField): Record<string, unknown> {
  return { title: title ?? name, ...(description === undefined ? {} : { description }) }
}

/** Letters, digits and `_`. */
export function ourName(given: string): string {
  return given
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
    .slice(0, 64)
}
