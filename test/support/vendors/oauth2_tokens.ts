import { randomBytes } from 'node:crypto'
import type { Grant, OAuth2Settings } from './oauth2_settings.ts'

/** Everything that comes of one sign-in or one login: when it dies, its tokens die. */
export interface Family {
  alive: boolean
  readonly subject: string
  readonly grant: Grant
  readonly scope: string
}

export interface Code {
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly state: string | null
  readonly scope: string
  readonly subject: string
  readonly endsAt: number
  /** What it was exchanged for. */
  family?: Family
}

export interface Ending {
  readonly family: Family
  readonly endsAt: number
  /** Rotated away. */
  spent?: boolean
}

/** The tokens of the server, in memory. */
export class Tokens {
  readonly codes = new Map<string, Code>()
  readonly access = new Map<string, Ending>()
  readonly refresh = new Map<string, Ending>()
  familiesKilled = 0
  private readonly settings: OAuth2Settings
  private readonly now: () => number

  constructor(settings: OAuth2Settings, now: () => number) {
    this.settings = settings
    this.now = now
  }

  newAccess(family: Family): string {
    return this.add(this.access, 'at', family, this.settings.accessSeconds)
  }

  newRefresh(family: Family): string {
    return this.add(this.refresh, 'rt', family, this.settings.refreshSeconds)
  }

  /** The holder of an access token that is alive. */
  holder(token: string): Family | undefined {
    const known = this.access.get(token)
    return known?.family.alive && known.endsAt > this.now() ? known.family : undefined
  }

  /**
   * The refresh token if it may be used. One that was rotated away was stolen, or its successor was: nobody can tell
   * who holds which, so the whole family goes (RFC 9700 §4.14.2).
   */
  usable(token: string): Ending | undefined {
    const known = this.refresh.get(token)
    if (known?.spent) this.kill(known.family)
    return known?.family.alive && known.endsAt > this.now() ? known : undefined
  }

  kill(family: Family): void {
    if (family.alive) this.familiesKilled++
    family.alive = false
  }

  private add(tokens: Map<string, Ending>, prefix: string, family: Family, seconds: number): string {
    const token = `${prefix}_${randomBytes(24).toString('base64url')}`
    tokens.set(token, { family, endsAt: this.now() + seconds * 1000 })
    return token
  }
}
