import type { Registry } from 'prom-client'
import {
  type CheckMetrics,
  DELIVERY_OUTCOMES,
  type DeliveryOutcome,
  type GateMetrics,
  type LogoutOutcome,
  RENEWAL_OUTCOMES,
  type RenewalOutcome,
  SIGN_IN_OUTCOMES,
  type SignInOutcome,
} from '../core/metrics.ts'

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** What is counted per connection or route while calls run; it takes its Prometheus shape only when somebody asks. */
class Figures {
  readonly buckets = new Float64Array(BUCKETS.length + 1)
  seconds = 0
  calls = 0
  readonly answers = new Map<number | string, { readonly status: number; readonly code: string; count: number }>()

  add(status: number, code: string | null, seconds: number): void {
    let i = 0
    while (i < BUCKETS.length && seconds > (BUCKETS[i] as number)) i++
    this.buckets[i] = (this.buckets[i] as number) + 1
    this.seconds += seconds
    this.calls++
    const kind = code === null ? status : `${status} ${code}`
    const known = this.answers.get(kind)
    if (known === undefined) this.answers.set(kind, { status, code: code ?? '', count: 1 })
    else known.count++
  }
}

/** How often each of a few things happened. All are shown from the start: a rate needs the nought before the first. */
class Outcomes<T extends string> {
  readonly #name: string
  readonly #help: string
  readonly #counts: Map<T, number>

  constructor(name: string, help: string, outcomes: readonly T[]) {
    this.#name = name
    this.#help = help
    this.#counts = new Map(outcomes.map((outcome) => [outcome, 0]))
  }

  add(outcome: T): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1)
  }

  lines(): string[] {
    const lines = [...this.#counts].map(([outcome, count]) => `${this.#name}{outcome="${outcome}"} ${count}`)
    return metric(this.#name, 'counter', this.#help, lines)
  }
}

/** Prometheus figures. Labels are ids of connections and routes, statuses, codes and outcomes: a bounded set, and never a caller's text. */
export class Metrics implements GateMetrics, CheckMetrics {
  readonly #calls = new Map<string, Figures>()
  readonly #checks = new Map<string, Figures>()
  readonly #renewals = new Outcomes(
    'octroi_token_renewals_total',
    'Attempts at a token, by what they came to',
    RENEWAL_OUTCOMES,
  )
  readonly #deliveries = new Outcomes(
    'octroi_webhook_attempts_total',
    'Attempts to deliver an event, by what they came to',
    DELIVERY_OUTCOMES,
  )
  readonly #logouts = new Outcomes(
    'octroi_backchannel_logouts_total',
    'Attempts to tell an application that a session has ended, by what they came to',
    DELIVERY_OUTCOMES,
  )
  readonly #signIns = new Outcomes(
    'octroi_sign_ins_total',
    'Attempts of people to sign in, by what they came to',
    SIGN_IN_OUTCOMES,
  )
  readonly #auditFailing: () => boolean
  #registry: Promise<Registry> | undefined

  constructor(gauges: { readonly auditFailing: () => boolean }) {
    this.#auditFailing = gauges.auditFailing
  }

  answered(connection: string | null, status: number, code: string | null, seconds: number): void {
    figuresOf(this.#calls, connection ?? '').add(status, code, seconds)
  }

  checked(route: string | null, status: number, code: string | null, seconds: number): void {
    figuresOf(this.#checks, route ?? '').add(status, code, seconds)
  }

  renewal(outcome: RenewalOutcome): void {
    this.#renewals.add(outcome)
  }

  delivery(outcome: DeliveryOutcome): void {
    this.#deliveries.add(outcome)
  }

  logout(outcome: LogoutOutcome): void {
    this.#logouts.add(outcome)
  }

  signIn(outcome: SignInOutcome): void {
    this.#signIns.add(outcome)
  }

  /** The text format (https://prometheus.io/docs/instrumenting/exposition_formats/), the process's own figures included. */
  async exposition(): Promise<{ readonly type: string; readonly text: string }> {
    this.#registry ??= this.#open()
    const registry = await this.#registry
    const own = [
      ...metric(
        'octroi_proxy_seconds',
        'histogram',
        'Time from arrival to the end of the answer',
        seconds('octroi_proxy_seconds', 'connection', this.#calls),
      ),
      ...metric(
        'octroi_proxy_answers_total',
        'counter',
        'Answered calls by status and by Octroi’s own error code (empty: the service answered)',
        answers('octroi_proxy_answers_total', 'connection', this.#calls),
      ),
      ...metric(
        'octroi_forward_auth_seconds',
        'histogram',
        'Time from arrival of a forward-auth check to its answer',
        seconds('octroi_forward_auth_seconds', 'route', this.#checks),
      ),
      ...metric(
        'octroi_forward_auth_answers_total',
        'counter',
        'Answered forward-auth checks by status and error code (empty: passed)',
        answers('octroi_forward_auth_answers_total', 'route', this.#checks),
      ),
      ...this.#renewals.lines(),
      ...this.#deliveries.lines(),
      ...this.#logouts.lines(),
      ...this.#signIns.lines(),
      ...metric('octroi_audit_failing', 'gauge', '1 while the audit trail cannot be written', [
        `octroi_audit_failing ${this.#auditFailing() ? 1 : 0}`,
      ]),
    ]
    return { type: registry.contentType, text: `${own.join('\n')}\n${await registry.metrics()}` }
  }

  /** Loaded at the first scrape: it takes longer to load than the rest of the front door. */
  async #open(): Promise<Registry> {
    const { collectDefaultMetrics, Registry } = await import('prom-client')
    const registry = new Registry()
    collectDefaultMetrics({ register: registry, prefix: 'octroi_' })
    return registry
  }
}

function figuresOf(all: Map<string, Figures>, id: string): Figures {
  let figures = all.get(id)
  if (figures === undefined) {
    figures = new Figures()
    all.set(id, figures)
  }
  return figures
}

function metric(name: string, type: string, help: string, lines: readonly string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines]
}

/** Ids, statuses and codes hold no character that a label value would have to escape. */
function seconds(name: string, label: string, all: ReadonlyMap<string, Figures>): string[] {
  return [...all].flatMap(([id, figures]) => {
    let sum = 0
    const bucket = (le: number | string, count: number) => `${name}_bucket{${label}="${id}",le="${le}"} ${count}`
    return [
      ...BUCKETS.map((le, i) => {
        sum += figures.buckets[i] as number
        return bucket(le, sum)
      }),
      bucket('+Inf', figures.calls),
      `${name}_sum{${label}="${id}"} ${figures.seconds}`,
      `${name}_count{${label}="${id}"} ${figures.calls}`,
    ]
  })
}

function answers(name: string, label: string, all: ReadonlyMap<string, Figures>): string[] {
  return [...all].flatMap(([id, figures]) =>
    [...figures.answers.values()].map(
      ({ status, code, count }) => `${name}{${label}="${id}",status="${status}",code="${code}"} ${count}`,
    ),
  )
}
