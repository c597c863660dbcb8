/** The goals of Octroi, as its design states them. `better` says which side of the number is good. */
export interface Goal {
  readonly what: string
  readonly reach: number
  readonly aim: number
  readonly better: 'more' | 'less'
  /** Empty: a bare number. */
  readonly unit: '×' | 'ms' | 'MB' | '%' | ''
}

export const GOALS = {
  small_nginx: {
    what: 'proxy 200 B against nginx (map, injected header)',
    reach: 0.25,
    aim: 0.4,
    better: 'more',
    unit: '×',
  },
  small_caddy: { what: 'proxy 200 B against Caddy (plain)', reach: 1.6, aim: 2.5, better: 'more', unit: '×' },
  small_nango: {
    what: 'proxy 200 B against Nango (recorded, at best 1000 µs)',
    reach: 1 / 40,
    aim: 1 / 60,
    better: 'less',
    unit: '×',
  },
  large_nginx: { what: 'proxy 100 KB against nginx', reach: 0.8, aim: 1, better: 'more', unit: '×' },
  added_p50: { what: 'added p50 at 2,000 req/s', reach: 0.5, aim: 0.25, better: 'less', unit: 'ms' },
  added_p99: { what: 'added p99 at 2,000 req/s', reach: 2, aim: 1, better: 'less', unit: 'ms' },
  forward_auth: { what: 'forward-auth, API key, against nginx map', reach: 0.18, aim: 0.25, better: 'more', unit: '×' },
  check_p99: {
    what: 'forward-auth, p99 at 2,000 req/s, against Caddy forward_auth to a trivial server',
    reach: 1,
    aim: 0.75,
    better: 'less',
    unit: '×',
  },
  guesses: {
    what: 'throughput of good keys while somebody guesses',
    reach: 0.9,
    aim: 0.97,
    better: 'more',
    unit: '×',
  },
  key_growth: { what: 'key check, many keys against 100', reach: 1.3, aim: 1.1, better: 'less', unit: '×' },
  idle_memory: { what: 'idle memory', reach: 110, aim: 85, better: 'less', unit: 'MB' },
  loaded_memory: { what: 'memory after all calls at 64 connections', reach: 180, aim: 140, better: 'less', unit: 'MB' },
  flat_memory: { what: 'memory, end against half-way (flat)', reach: 1.1, aim: 1.05, better: 'less', unit: '×' },
  signing: { what: 'a call signed by oauth2 against basic', reach: 1.05, aim: 1, better: 'less', unit: '×' },
  idle_cpu: { what: 'idle, 10,000 connections with tokens', reach: 1, aim: 0.3, better: 'less', unit: '%' },
  start: { what: 'start to first answer against bare node:http', reach: 3, aim: 2, better: 'less', unit: '×' },
  signin_writes: { what: 'databases written by GET /sign-in', reach: 0, aim: 0, better: 'less', unit: '' },
  signin_passwords: {
    what: 'throughput of the proxy, 100 wrong passwords a second',
    reach: 0.9,
    aim: 0.97,
    better: 'more',
    unit: '×',
  },
  signin_memory: { what: 'memory, 40 sign-ins at once', reach: 200, aim: 150, better: 'less', unit: 'MB' },
  signin_timing: { what: "Welch's |t| of the time of an answer", reach: 2.6, aim: 2, better: 'less', unit: '' },
  openid_token: {
    what: 'client-credentials token (JWT, ES256) against a bare ES256 endpoint',
    reach: 0.4,
    aim: 0.5,
    better: 'more',
    unit: '×',
  },
  openid_growth: {
    what: 'many live sessions and grants against few',
    reach: 1.1,
    aim: 1.05,
    better: 'less',
    unit: '×',
  },
  storm: { what: 'throughput after a disconnect storm', reach: 0.9, aim: 0.95, better: 'more', unit: '×' },
} as const satisfies Record<string, Goal>

/** A goal beside what was measured for it. */
export interface Finding {
  readonly goal: Goal
  /** One value per round; the median is judged. */
  readonly values: readonly number[]
  readonly by: string
}

export function meets(goal: Goal, value: number, bound: 'reach' | 'aim'): boolean {
  return goal.better === 'more' ? value >= goal[bound] : value <= goal[bound]
}
