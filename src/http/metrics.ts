import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { GateMetrics } from '../core/metrics.ts'

const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

interface Figures {
  readonly seconds: { observe(value: number): void }
  readonly answers: Map<string, { inc(): void }>
}

/** Prometheus figures. Labels are ids of connections, statuses and codes: a bounded set, and never a caller's text. */
export class Metrics implements GateMetrics {
  readonly registry = new Registry()
  readonly #seconds: Histogram<'connection'>
  readonly #answers: Counter<'connection' | 'status' | 'code'>
  readonly #figures = new Map<string, Figures>()

  constructor(gauges: { readonly auditFailing: () => boolean }) {
    const registers = [this.registry]
    collectDefaultMetrics({ register: this.registry, prefix: 'octroi_' })
    this.#seconds = new Histogram({
      name: 'octroi_proxy_seconds',
      help: 'Time from arrival to the end of the answer, by connection',
      labelNames: ['connection'],
      buckets: BUCKETS,
      registers,
    })
    this.#answers = new Counter({
      name: 'octroi_proxy_answers_total',
      help: 'Answered calls by connection, status and Octroi’s own error code (empty: the service answered)',
      labelNames: ['connection', 'status', 'code'],
      registers,
    })
    new Gauge({
      name: 'octroi_audit_failing',
      help: '1 while the audit trail cannot be written',
      registers,
      collect() {
        this.set(gauges.auditFailing() ? 1 : 0)
      },
    })
  }

  /** Label look-ups are kept: hashing them again for each call would cost more than counting. */
  answered(connection: string | null, status: number, code: string | null, seconds: number): void {
    const id = connection ?? ''
    let figures = this.#figures.get(id)
    if (figures === undefined) {
      figures = { seconds: this.#seconds.labels(id), answers: new Map() }
      this.#figures.set(id, figures)
    }
    figures.seconds.observe(seconds)
    const kind = code === null ? String(status) : `${status} ${code}`
    let answers = figures.answers.get(kind)
    if (answers === undefined) {
      answers = this.#answers.labels(id, String(status), code ?? '')
      figures.answers.set(kind, answers)
    }
    answers.inc()
  }
}
