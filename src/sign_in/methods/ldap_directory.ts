import { Client, type Entry, InvalidCredentialsError, NoSuchObjectError } from 'ldapts'
import { filterFor, identifierText } from './ldap_names.ts'
import type { LdapSettings } from './ldap_settings.ts'
import type { DirectoryNetwork } from './method_kind.ts'

/** Why a bind was refused. Active Directory says so in text (`data 773`), OpenLDAP in a control that nobody else reads. */
export type BindAnswer = 'ok' | 'wrong' | 'must_change'

/** 773: must change it; 532: it has expired. Both are told only to who gave the right one. */
const MUST_CHANGE = /\bdata (?:773|532)\b/

/** One person as the directory has him. */
export interface DirectoryEntry {
  readonly dn: string
  readonly id: string
  readonly name: string | null
  readonly emails: readonly string[]
  /** Names of his groups, where an attribute of his has them. */
  readonly groups: readonly string[]
  /** OpenLDAP's ppolicy: an administrator has set the password, and he is to set his own first. */
  readonly mustChange: boolean
}

/** One conversation with one server, from its first byte to `close`. */
export class Directory {
  readonly #client: Client
  readonly #settings: LdapSettings
  readonly #password: string

  private constructor(client: Client, settings: LdapSettings, password: string) {
    this.#client = client
    this.#settings = settings
    this.#password = password
  }

  /** Connects, encrypts, and becomes who may search. Throws what the library throws. */
  static async open(
    url: string,
    settings: LdapSettings,
    network: DirectoryNetwork,
    password: string,
  ): Promise<Directory> {
    const { hostname, protocol } = new URL(url)
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    const client = new Client(clientOptions(url, settings, network))
    try {
      const name = settings.server_name ?? host
      if (protocol === 'ldap:' && settings.start_tls) await client.startTLS({ host: name })
      if (settings.bind_dn !== undefined) await client.bind(settings.bind_dn, password)
      return new Directory(client, settings, password)
    } catch (error) {
      await closed(client)
      throw error
    }
  }

  /** The one entry that this login means; none, or more than one, is nobody. */
  async find(login: string): Promise<DirectoryEntry | 'none' | 'several'> {
    const { user_filter, base_dn, scope, id_attribute, groups } = this.#settings
    const wanted = [id_attribute, this.#settings.name_attribute, this.#settings.email_attribute, 'pwdReset']
    // `memberOf` is operational at OpenLDAP: it comes only when it is asked for by name.
    if (groups.from === 'member_of') wanted.push(groups.attribute)
    const { searchEntries } = await this.#client.search(base_dn, {
      scope,
      filter: filterFor(user_filter, { login }),
      attributes: wanted,
      explicitBufferAttributes: [id_attribute],
      sizeLimit: 2,
      timeLimit: this.#settings.timeout_s,
    })
    const [entry] = searchEntries
    if (entry === undefined) return 'none'
    return searchEntries.length > 1 ? 'several' : this.#entryOf(entry)
  }

  /** Names of entries that the filter finds. */
  async names(baseDn: string, filter: string, attribute?: string): Promise<readonly Entry[]> {
    const { searchEntries } = await this.#client.search(baseDn, {
      scope: 'sub',
      filter,
      attributes: [attribute ?? '1.1'],
      paged: { pageSize: 500 },
      timeLimit: this.#settings.timeout_s,
    })
    return searchEntries
  }

  /** One attribute of one entry; nothing where there is no such entry. */
  async valuesAt(dn: string, attribute: string): Promise<readonly string[]> {
    try {
      const { searchEntries } = await this.#client.search(dn, { scope: 'base', attributes: [attribute], sizeLimit: 1 })
      return texts(searchEntries[0], attribute)
    } catch (error) {
      if (error instanceof NoSuchObjectError) return []
      throw error
    }
  }

  /** From here on the conversation is his, until `searchAgain`. */
  async bindAs(dn: string, password: string): Promise<BindAnswer> {
    try {
      await this.#client.bind(dn, password)
      return 'ok'
    } catch (error) {
      if (!(error instanceof InvalidCredentialsError)) throw error
      return MUST_CHANGE.test(error.message) ? 'must_change' : 'wrong'
    }
  }

  /** Back to who may search; nobody in particular is bound with nothing (RFC 4513 §5.1.1). */
  async searchAgain(): Promise<void> {
    await this.#client.bind(this.#settings.bind_dn ?? '', this.#settings.bind_dn === undefined ? '' : this.#password)
  }

  close(): Promise<void> {
    return closed(this.#client)
  }

  #entryOf(entry: Entry): DirectoryEntry {
    const { id_attribute, name_attribute, email_attribute, groups } = this.#settings
    const id = rawValues(entry, id_attribute)[0]
    if (id === undefined || id.length === 0)
      throw new Error(`The entry has no ${id_attribute}, or who searches may not read it.`)
    return {
      dn: entry.dn,
      id: identifierOf(id_attribute, id),
      name: texts(entry, name_attribute)[0] ?? null,
      emails: texts(entry, email_attribute),
      groups: groups.from === 'member_of' ? texts(entry, groups.attribute) : [],
      mustChange: texts(entry, 'pwdReset')[0]?.toUpperCase() === 'TRUE',
    }
  }
}

/** objectGUID is binary; all others that identify are text (entryUUID: RFC 4530 §2.1). */
function identifierOf(attribute: string, value: string | Buffer): string {
  if (attribute.toLowerCase() === 'objectguid') return identifierText(Buffer.from(value as Buffer))
  return value.toString()
}

/** Names of attributes are without case (RFC 4512 §2.5). */
function rawValues(entry: Entry | undefined, attribute: string): readonly (string | Buffer)[] {
  const name = Object.keys(entry ?? {}).find((key) => key.toLowerCase() === attribute.toLowerCase())
  const value = name === undefined ? [] : entry?.[name]
  return Array.isArray(value) ? value : value === undefined ? [] : [value]
}

function texts(entry: Entry | undefined, attribute: string): string[] {
  return rawValues(entry, attribute)
    .map((value) => value.toString())
    .filter((value) => value !== '')
}

function clientOptions(url: string, settings: LdapSettings, network: DirectoryNetwork) {
  const milliseconds = settings.timeout_s * 1_000
  let opened = false
  /** ldapts connects again by itself, without StartTLS, when a connection is lost: the password would go out in clear. */
  const once = () => {
    if (opened) throw new Error('The connection to the directory was lost.')
    opened = true
  }
  return {
    url,
    timeout: milliseconds,
    connectTimeout: milliseconds,
    strictDN: false,
    createConnection: ((port: number, host: string) => {
      once()
      return network.plain(port, host, !settings.start_tls)
    }) as never,
    createSecureConnection: ((...[first, host]: [number, string] | [{ socket: never; host: string }]) => {
      if (typeof first !== 'number') return network.upgrade(first.socket, first.host)
      once()
      return network.secure(first, host as string, settings.server_name)
    }) as never,
  }
}

/** Whatever became of the conversation. */
async function closed(client: Client): Promise<void> {
  await client.unbind().catch(() => undefined)
}
