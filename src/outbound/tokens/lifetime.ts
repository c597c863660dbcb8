import type { Token } from '../../core/types.ts'
import type { Obtained } from '../exchange.ts'

/** A token is not relied on for its last moments: clocks differ, and a call takes time. */
const SKEW_MS = 30_000
const SKEW_SHARE = 0.05
/** It is renewed when between 70 and 85 % of its life is over; the spread keeps those that were made together from coming together. */
const EARLIEST = 0.7
const LATEST = 0.85
/** A service that gives tokens for a second would else be asked every second, whether anybody calls it or not. */
const LEAST_MS = 5_000

/** `random` is at least 0 and below 1. An end that is over already says nothing: such a token is used until it is refused. */
export function tokenOf(obtained: Obtained, now: number, refusedAt: string | null, random: number): Token {
  const { values, idleSeconds, early = true, identity } = obtained
  const end = obtained.once ? now + 1 : obtained.expiresAt
  const expiresAt = end !== null && end > now ? end : null
  const ends = idleSeconds === undefined ? expiresAt : Math.min(expiresAt ?? Infinity, now + idleSeconds * 1000)
  const renewsAhead = early && ends !== null
  return {
    values,
    obtained_at: time(now),
    expires_at: ends === null ? null : time(ends),
    renew_at: renewsAhead ? time(renewalTime(now, ends, random)) : null,
    idle_s: idleSeconds ?? null,
    ends_at: idleSeconds === undefined || expiresAt === null ? null : time(expiresAt),
    refused_at: refusedAt,
    identity: identity ?? null,
  }
}

/** What is left of a token when it is dropped: what its renewal begins with. */
export function spentToken(token: Token | null, durable: readonly string[], now: number): Token {
  const values = Object.entries(token?.values ?? {}).filter(([name]) => durable.includes(name))
  return beginning(Object.fromEntries(values), now, token)
}

/** A token that signs nothing: its renewal begins with these values. */
export function beginning(values: Readonly<Record<string, string>>, now: number, before: Token | null = null): Token {
  return {
    values,
    obtained_at: time(now),
    expires_at: time(now),
    renew_at: time(now),
    idle_s: null,
    ends_at: null,
    refused_at: before?.refused_at ?? null,
    identity: before?.identity ?? null,
  }
}

/** What is left of one that was dropped, or only begins another: it signs nothing. */
export function isSpent({ obtained_at, expires_at }: Token): boolean {
  return expires_at !== null && expires_at <= obtained_at
}

function renewalTime(from: number, end: number, random: number): number {
  return from + Math.max(LEAST_MS, (end - from) * (EARLIEST + (LATEST - EARLIEST) * random))
}

/** Until when it may be relied on without having been renewed. */
export function usableUntil(obtainedAt: number, expiresAt: number): number {
  if (expiresAt === Number.POSITIVE_INFINITY) return expiresAt
  return expiresAt - Math.min(SKEW_MS, (expiresAt - obtainedAt) * SKEW_SHARE)
}

/** The nth failure in a row: 2, 4, 8 ... 300 s, each moved by up to a fifth. */
export function backoffMs(failures: number, random: number): number {
  return Math.min(300_000, 1000 * 2 ** Math.min(failures, 10)) * (0.8 + 0.4 * random)
}

function time(ms: number): string {
  return new Date(ms).toISOString()
}
