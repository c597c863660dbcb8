import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino, { type Logger } from 'pino'
import { tidyActivity } from './audit/maintenance.ts'
import { Trail } from './audit/trail.ts'
import type { Settings } from './config/settings.ts'
import { ConfigurationError } from './core/errors.ts'
import { newEvent } from './core/events.ts'
import { problemRenderer } from './core/problem.ts'
import { PURPOSES } from './core/purposes.ts'
import type { Store } from './core/stores.ts'
import { Gate } from './gateway/proxy.ts'
import { Metrics } from './http/metrics.ts'
import { serveMetrics } from './http/metrics_listener.ts'
import { buildServer } from './http/server.ts'
import { Admissions, hashOfKey } from './inbound/admissions.ts'
import { Callers } from './inbound/caller.ts'
import { KeptAnswers } from './inbound/kept_answers.ts'
import { auditWriter, type Installation, openCatalogue, openInstallation } from './installation/open.ts'
import { ConnectionHealth } from './outbound/connections/health.ts'
import { Targets } from './outbound/connections/targets.ts'
import type { Listener } from './outbound/network/egress.ts'
import { Upstreams } from './outbound/network/upstreams.ts'
import { Desk } from './outbound/onboarding/desk.ts'
import { Drafts } from './outbound/onboarding/draft.ts'
import { RenewalRounds } from './outbound/tokens/renewal_rounds.ts'
import { Renewals } from './outbound/tokens/renewals.ts'
import { Revocations } from './outbound/tokens/revocations.ts'
import { WebhookDispatcher } from './outbound/webhooks/dispatcher.ts'
import { WebhookSecrets } from './outbound/webhooks/secrets.ts'
import { WebhookSender } from './outbound/webhooks/sender.ts'
import { RateLimiter } from './policy/rate_limit.ts'
import { VERSION } from './version.ts'

export interface RunningGate {
  readonly url: string
  readonly log: Logger
  /** Lets what is under way finish, then closes the store. */
  stop(): Promise<void>
}

const REDACTED = [
  'req.headers',
  'headers',
  'authorization',
  'secret',
  'secrets',
  'key',
  'password',
  '*.authorization',
  '*.secret',
  '*.secrets',
  '*.password',
]

/** Opens the data folder, puts everything together and listens. Leaves nothing open when it cannot. */
export async function startGate(settings: Settings): Promise<RunningGate> {
  const log = pino(
    { level: settings.log_level, redact: { paths: REDACTED, censor: '[redacted]' } },
    pino.destination({ fd: 1, sync: false }),
  )
  const installation = await openInstallation(settings)
  try {
    const lock = await installation.open.lockForServing()
    return await putTogether(installation, lock, settings, log).catch(async (error) => {
      await lock.release()
      throw error
    })
  } catch (error) {
    await installation.open.close()
    throw error
  }
}

type Lock = Awaited<ReturnType<Installation['open']['lockForServing']>>

/** Milliseconds since the epoch, by the clock of the moment: not `Date.now` itself, which no longer is the clock when a test sets it. */
const now = () => Date.now()

/** The only function that knows everybody. */
async function putTogether(
  installation: Installation,
  lock: Lock,
  settings: Settings,
  log: Logger,
): Promise<RunningGate> {
  const { open, ring, auditKey } = installation
  const trail = new Trail({
    activity: open.activity,
    key: auditKey,
    writer: auditWriter(open),
    mode: settings.audit,
    onTrouble: (error) => log.error({ err: error }, 'the audit trail cannot be written'),
    onRecovery: () => log.info('the audit trail is written again'),
    onLoss: (lines) => log.error({ lines }, 'audit lines were lost: the store did not take them before the end'),
  })
  const listeners: Listener[] = []
  const publicUrl = (settings.public_url ?? `http://${hostText(reachable(settings.listen))}`).replace(/\/$/, '')
  const catalogue = openCatalogue(settings)
  const metrics = new Metrics({ auditFailing: () => trail.failing })
  const upstreams = new Upstreams(() => listeners)
  const targets = new Targets(open.hot, ring, catalogue, upstreams)
  const health = new ConnectionHealth(open.store, ring, catalogue)
  const renewing = { store: open.store, vault: ring, catalogue, upstreams, targets, health, log, now }
  const renewals = new Renewals({ ...renewing, onOutcome: (outcome) => metrics.renewal(outcome) })
  const drafts = new Drafts(ring.sealer('connect sessions'), ring.derivedKey(PURPOSES.connect))
  const desk = new Desk({ ...renewing, renewals, drafts, publicUrl, listeners: () => listeners })
  const renewalRounds = new RenewalRounds({ store: open.store, renewals, log, now })
  const sender = new WebhookSender(upstreams, new WebhookSecrets(ring.sealer(PURPOSES.webhooks)))
  const webhooks = new WebhookDispatcher({
    store: open.store,
    sender,
    now,
    random: Math.random,
    onOutcome: (outcome) => metrics.delivery(outcome),
    log,
  })
  const hashKey = ring.derivedKey(PURPOSES.keyHash)
  const replayKey = ring.derivedKey(PURPOSES.replayHash)
  const shared = {
    hot: open.hot,
    callers: new Callers(settings.trusted_proxies),
    admissions: new Admissions(open.hot, hashKey, settings.environment),
    limiter: new RateLimiter(),
    problem: problemRenderer(publicUrl),
    log,
  }
  const proxy = new Gate({
    ...shared,
    targets,
    health,
    renewals,
    trail,
    metrics,
    answers: new KeptAnswers(open.activity, replayKey, ring.sealer('answers')),
    now,
  })
  const { fastify, server } = await buildServer({
    ...shared,
    proxy,
    metrics,
    once: new KeptAnswers(open.activity, replayKey, ring.sealer('api answers')),
    basePath: new URL(publicUrl).pathname.replace(/\/$/, ''),
    isReady: async () => {
      await open.hot.version()
      if (trail.failing) await trail.flushed()
    },
    parts: {
      store: open.store,
      activity: open.activity,
      vault: ring,
      catalogue,
      targets,
      health,
      renewals,
      revocations: new Revocations({ ...renewing, renewals }),
      webhooks: sender,
      trail,
      hashKey: (secret) => hashOfKey(hashKey, secret),
      listeners: () => listeners,
      about: {
        version: VERSION,
        environment: settings.environment,
        engine: open.engine,
        public_url: publicUrl,
        started_at: new Date().toISOString(),
      },
      desk,
      drafts,
      now: () => new Date(),
    },
  })
  const rounds = startRounds(installation, settings, log)
  await listen(server, settings.listen)
  const bound = server.address() as AddressInfo
  listeners.push({ address: bound.address, port: bound.port })
  const metricsServer = settings.metrics_listen && (await serveMetrics(metrics, settings.metrics_listen))
  if (settings.metrics_listen !== undefined) listeners.push(settings.metrics_listen)
  webhooks.start()
  const url = `http://${hostText(bound)}`
  log.info({ version: VERSION, url, engine: open.engine, audit: settings.audit }, 'Octroi is ready')
  return {
    url,
    log,
    async stop() {
      clearInterval(rounds)
      renewalRounds.close()
      await Promise.all([drain(server), webhooks.stop()])
      await renewals.close()
      metricsServer?.close()
      proxy.close()
      await fastify.close()
      await upstreams.close()
      await trail.close()
      await lock.release()
      await open.close()
      log.info('Octroi has stopped')
    },
  }
}

function listen(server: Server, { address, port }: Listener): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new ConfigurationError([`listen: cannot listen on ${hostText({ address, port })} (${error.code}).`], error),
      )
    })
    server.listen({ host: address, port, backlog: 1024 }, resolve)
  })
}

/** A caller that never finishes must not keep the process for ever. */
const DRAIN_MS = 30_000

/** No new connections; answers that began are finished, kept-alive sockets end after the answer that they carry. */
function drain(server: Server): Promise<void> {
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'))
  return new Promise((resolve) => {
    const idle = setInterval(() => server.closeIdleConnections(), 50)
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    server.close(() => {
      clearInterval(idle)
      clearTimeout(force)
      resolve()
    })
    server.closeIdleConnections()
  })
}

const ROUND_MS = 3_600_000
const WARN_DAYS = [30, 7, 1]
const KEEP_DELIVERIES_MS = 30 * 86_400_000

/** Slow work, once at start and then every hour. */
function startRounds({ open, auditKey }: Installation, settings: Settings, log: Logger): NodeJS.Timeout {
  const round = () =>
    Promise.all([
      tidyActivity(open.activity, auditKey, settings.audit_retention_days, new Date()),
      warnOfExpiry(open.store, new Date()),
      open.store.connectSessions.deleteExpired(new Date().toISOString()),
      open.store.deliveries.prune(new Date(Date.now() - KEEP_DELIVERIES_MS).toISOString()),
    ]).catch((error) => log.error({ err: error }, 'the hourly round failed'))
  setTimeout(round, 5_000).unref()
  return setInterval(round, ROUND_MS).unref()
}

/** An event for each key that ends within 30, 7 and 1 days, once each. */
export async function warnOfExpiry(store: Store, now: Date): Promise<void> {
  for (const days of WARN_DAYS) {
    const until = new Date(now.getTime() + days * 86_400_000).toISOString()
    for (const key of await store.keys.expiringBetween(now.toISOString(), until)) {
      const type = 'key.expiring'
      const subject = `key:${key.id}`
      const since = new Date(Date.parse(key.expires_at as string) - days * 86_400_000).toISOString()
      if (await store.events.existsSince(type, subject, since)) continue
      await store.events.insert(
        newEvent(type, subject, { name: key.name, expires_at: key.expires_at, within_days: days }, now),
      )
    }
  }
}

function hostText({ address, port }: Listener): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** "Every address" is none that a link can lead to. */
function reachable({ address, port }: Listener): Listener {
  return { address: address === '0.0.0.0' || address === '::' ? 'localhost' : address, port }
}
