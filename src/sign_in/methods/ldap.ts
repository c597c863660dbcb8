import { InvalidCredentialsError, TimeLimitExceededError } from 'ldapts'
import { OctroiError } from '../../core/errors.ts'
import type { SignInMethod } from '../../core/people_types.ts'
import type { Store } from '../../core/stores.ts'
import type { Secrets } from '../../core/types.ts'
import { addressBlock } from '../../policy/address_block.ts'
import { type FormMethod, type IdentityProof, SignInRefused } from '../method.ts'
import { Directory, type DirectoryEntry } from './ldap_directory.ts'
import { groupsOf } from './ldap_groups.ts'
import { isBlank, isNoLogin } from './ldap_names.ts'
import { LDAP_PRESETS, LdapSettings } from './ldap_settings.ts'
import type { DirectoryNetwork, MethodParts } from './method_kind.ts'

/** `identities` of the store alone. */
type LdapParts = Pick<MethodParts, 'throttle' | 'directoriesFor' | 'now' | 'log'> & {
  readonly store: { readonly identities: Pick<Store['identities'], 'find'> }
}

/** Conversations at once, and sign-ins that wait for one. */
const AT_ONCE = 8
const WAITING = 64
/** Of both, from one block of addresses: nobody is asked for his tries before the directory has said who he is. */
const FROM_ONE_BLOCK = 16

/**
 * A directory (RFC 4511): the login is searched for, and who is found is bound as with the password. Who a person is says an attribute that
 * never changes, not what he typed.
 */
export function openLdap(method: SignInMethod, secrets: Secrets, parts: LdapParts): FormMethod {
  const settings = LdapSettings.parse(method.settings)
  const issuer = `ldap:${method.id}`
  const network = parts.directoriesFor(method.network)
  const turns = new Turns()
  return {
    type: 'form',
    method,
    async check({ login, password, address }) {
      if (isNoLogin(login) || isBlank(password)) return undefined
      return turns.take(addressBlock(address), () =>
        inConversation(settings, network, secrets.bind_password ?? '', parts.log, async (directory) => {
          const entry = await directory.find(login)
          if (entry === 'several')
            parts.log.warn(
              { method: method.id },
              'a login means several entries of the directory; none of them signs in',
            )
          const known = typeof entry === 'string' ? undefined : entry
          const identity = known && (await parts.store.identities.find(issuer, known.id))
          const bucket = identity?.account ?? (known === undefined ? login : `${issuer} ${known.id}`)
          const attempt = parts.throttle.attempt(bucket, address)
          try {
            if (known === undefined) return await refuseLikeOthers(directory, settings, password)
            const proof = await prove(directory, settings, { issuer, entry: known, login, password, now: parts.now() })
            if (proof !== undefined) attempt.succeeded()
            return proof
          } catch (error) {
            attempt.withdrawn()
            throw error
          }
        }),
      )
    },
  }
}

interface Proving {
  readonly issuer: string
  readonly entry: DirectoryEntry
  readonly login: string
  readonly password: string
  readonly now: number
}

async function prove(
  directory: Directory,
  settings: LdapSettings,
  { issuer, entry, login, password, now }: Proving,
): Promise<IdentityProof | undefined> {
  const answer = await directory.bindAs(entry.dn, password)
  if (answer === 'wrong') return undefined
  if (answer === 'must_change' || entry.mustChange)
    throw new SignInRefused('denied', 'The directory wants a new password first. Set one there, then sign in here.')
  // Who searches may read groups, the person himself perhaps not.
  await directory.searchAgain()
  const groups = await groupsOf(directory, entry, login, settings.groups, settings.base_dn)
  return {
    kind: 'identity',
    issuer,
    subject: entry.id,
    claims: {
      name: entry.name,
      email: entry.emails[0] ?? null,
      emailVerified: settings.trust_email && entry.emails.length > 0,
      groups,
      organizations: null,
    },
    idToken: null,
    amr: ['pwd'],
    acr: null,
    authTime: new Date(now).toISOString(),
  }
}

/** The same round trips as for somebody who is there: a bind as nobody, with the password that was typed. */
async function refuseLikeOthers(directory: Directory, { base_dn }: LdapSettings, password: string): Promise<undefined> {
  await directory.bindAs(`cn=octroi-nobody,${base_dn}`, password).catch(() => undefined)
  return undefined
}

/** One conversation with the first server that answers. What goes wrong with it is the directory's trouble, never the person's. */
async function inConversation<T>(
  settings: LdapSettings,
  network: DirectoryNetwork,
  password: string,
  log: LdapParts['log'],
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const directory = await firstToAnswer(settings, network, password, log)
  try {
    return await work(directory)
  } catch (error) {
    if (error instanceof OctroiError || error instanceof SignInRefused) throw error
    throw trouble(error)
  } finally {
    await directory.close()
  }
}

async function firstToAnswer(
  settings: LdapSettings,
  network: DirectoryNetwork,
  password: string,
  log: LdapParts['log'],
): Promise<Directory> {
  let last: unknown
  for (const url of settings.urls) {
    try {
      return await Directory.open(url, settings, network, password)
    } catch (error) {
      last = error
      log.warn({ url, err: error }, 'a directory cannot be asked')
    }
  }
  throw trouble(last)
}

function trouble(error: unknown): OctroiError {
  const isSlow = error instanceof TimeLimitExceededError || /time(?:d )?out/i.test((error as Error)?.message ?? '')
  if (isSlow) return new OctroiError('upstream_timeout', 'The directory did not answer in time.', { cause: error })
  if ((error as Error)?.name === 'RefusedAddress')
    return new OctroiError('upstream_refused_address', 'The address of the directory is not allowed.', { cause: error })
  return new OctroiError('upstream_unreachable', 'The directory cannot be asked now.', { cause: error })
}

/** A bounded queue: a directory that is slow must not hold every request of ours. */
class Turns {
  readonly #waiting: (() => void)[] = []
  readonly #blocks = new Map<string, number>()
  #working = 0

  async take<T>(block: string, work: () => Promise<T>): Promise<T> {
    const here = this.#blocks.get(block) ?? 0
    const isFull = this.#working >= AT_ONCE && this.#waiting.length >= WAITING
    if (isFull || here >= FROM_ONE_BLOCK)
      throw new OctroiError('busy', 'Too many people are signing in by this directory.', { retryAfter: 2 })
    this.#blocks.set(block, here + 1)
    if (this.#working >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#working++
    try {
      return await work()
    } finally {
      this.#leave(block)
    }
  }

  #leave(block: string): void {
    const left = (this.#blocks.get(block) ?? 1) - 1
    if (left === 0) this.#blocks.delete(block)
    else this.#blocks.set(block, left)
    const next = this.#waiting.shift()
    if (next === undefined) this.#working--
    else next()
  }
}

/** What a try of the settings comes to, in words for whoever set them. No person is looked up, no password tried but the searcher's. */
export async function checkLdap(
  method: SignInMethod,
  secrets: Secrets,
  parts: LdapParts,
): Promise<{ readonly ok: boolean; readonly problems: readonly string[] }> {
  const settings = LdapSettings.parse(method.settings)
  const network = parts.directoriesFor(method.network)
  const problems: string[] = []
  for (const url of settings.urls) {
    try {
      const directory = await Directory.open(url, settings, network, secrets.bind_password ?? '')
      const entries = await directory.find('octroi-nobody').finally(() => directory.close())
      if (entries === 'several') problems.push(`${url}: user_filter finds several entries for a login that nobody has`)
    } catch (error) {
      problems.push(`${url}: ${reasonOf(error)}`)
    }
  }
  return { ok: problems.length === 0, problems }
}

function reasonOf(error: unknown): string {
  if (error instanceof InvalidCredentialsError) return 'bind_dn and bind_password are refused'
  return (error as Error).message.split('\n')[0]?.slice(0, 200) || (error as Error).name
}

export const ldapKind = {
  kind: 'ldap' as const,
  title: 'Directory (LDAP, Active Directory)',
  settings: LdapSettings,
  secrets: { bind_password: { title: 'Password of bind_dn', optional: true } },
  presets: LDAP_PRESETS,
  presetNames: { openldap: 'Directory', active_directory: 'Windows account' },
  open: openLdap,
  check: checkLdap,
}
