import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { Trail } from './audit/trail.ts'
import { keysSources, type Settings } from './config/settings.ts'
import { problemRenderer } from './core/problem.ts'
import { PURPOSES } from './core/purposes.ts'
import { hmac } from './core/vault.ts'
import { Assertions } from './gateway/assertions.ts'
import { ForwardAuth } from './gateway/forward_auth.ts'
import { openPeople } from './gateway/people.ts'
import { Gate } from './gateway/proxy.ts'
import { drain, hostText, listen, reachable } from './http/listening.ts'
import { Metrics } from './http/metrics.ts'
import { serveMetrics } from './http/metrics_listener.ts'
import { openOidc } from './http/oidc.ts'
import { buildServer } from './http/server.ts'
import { Visitors } from './http/visitor.ts'
import { Admissions, hashOfKey } from './inbound/admissions.ts'
import { authenticators } from './inbound/authenticators/index.ts'
import { Callers } from './inbound/caller.ts'
import { Entrance } from './inbound/entrance.ts'
import { ForwardAuthTraces } from './inbound/forward_auth_traces.ts'
import { KeptAnswers } from './inbound/kept_answers.ts'
import { generateKey } from './inbound/key_format.ts'
import { watchKeys } from './inbound/keys_watch.ts'
import { Passwords } from './inbound/passwords.ts'
import { ProvidedSecrets } from './inbound/provided_keys.ts'
import { openLog } from './installation/log.ts'
import { auditWriter, type Installation, openCatalogue, openInstallation } from './installation/open.ts'
import { startRounds } from './installation/rounds.ts'
import { ConnectionHealth } from './outbound/connections/health.ts'
import { Targets } from './outbound/connections/targets.ts'
import { mailOf } from './outbound/mail.ts'
import { directorySockets } from './outbound/network/directory_sockets.ts'
import type { Listener } from './outbound/network/egress.ts'
import { issuerKeys } from './outbound/network/issuer_keys.ts'
import { Upstreams } from './outbound/network/upstreams.ts'
import { webFetch } from './outbound/network/web_fetch.ts'
import { Desk } from './outbound/onboarding/desk.ts'
import { Drafts } from './outbound/onboarding/draft.ts'
import { RenewalRounds } from './outbound/tokens/renewal_rounds.ts'
import { Renewals } from './outbound/tokens/renewals.ts'
import { Revocations } from './outbound/tokens/revocations.ts'
import { WebhookDispatcher } from './outbound/webhooks/dispatcher.ts'
import { WebhookSecrets } from './outbound/webhooks/secrets.ts'
import { WebhookSender } from './outbound/webhooks/sender.ts'
import { KeyLimits } from './policy/key_limits.ts'
import { RateLimiter } from './policy/rate_limit.ts'
import { SharedRateLimiter } from './policy/shared_rate_limit.ts'
import { Throttle } from './policy/throttle.ts'
import { openLogout } from './provider/logout/open_logout.ts'
import { warmWhereUsed } from './provider/open.ts'
import type { MethodParts } from './sign_in/methods/method_kind.ts'
import { openSignIn } from './sign_in/open.ts'
import { PeopleSecrets } from './sign_in/secrets.ts'
import { SigningKeyRing } from './vault/signing_keys.ts'
import { VERSION } from './version.ts'

export interface RunningGate {
  readonly url: string
  readonly log: Logger
  /** Lets what is under way finish, then closes the store. */
  stop(): Promise<void>
}

/** Opens the data folder, puts everything together and listens. Leaves nothing open when it cannot. */
export async function startGate(settings: Settings): Promise<RunningGate> {
  const log = openLog(settings.log_level)
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
  const clientsKey = ring.derivedKey(PURPOSES.clients)
  const provided = await ProvidedSecrets.open({
    sources: keysSources(settings),
    hashKey: (secret) => hashOfKey(hashKey, secret),
    hot: open.hot,
    onChange: () => admissions.forget(),
    log,
  })
  const admissions = new Admissions(open.hot, hashKey, settings.environment, provided)
  const passwords = new Passwords()
  const throttle = new Throttle({ now })
  const methodParts: MethodParts = {
    store: open.store,
    hot: open.hot,
    passwords,
    throttle,
    fetchFor: (network) => webFetch(upstreams, network),
    directoriesFor: directorySockets(() => listeners),
    publicUrl,
    now,
    log,
  }
  const secrets = new PeopleSecrets(ring.derivedKey(PURPOSES.people), ring.sealer(PURPOSES.peopleSeals))
  const signingKeys = await SigningKeyRing.open({ store: open.store, sealer: ring.sealer(PURPOSES.signing), now })
  const logout = openLogout({ ...methodParts, secrets, signingKeys, onOutcome: (outcome) => metrics.logout(outcome) })
  const people = openPeople({ ...open, secrets, limits: settings, publicUrl, onEnded: logout.onEnded, log, now })
  const mail = mailOf(settings)
  const signIn = openSignIn({
    ...open,
    ...people,
    methodSecrets: ring.sealer(PURPOSES.signInMethods),
    methodParts,
    mail,
    name: settings.name,
    keys: { generate: generateKey, hash: (key) => hashOfKey(hashKey, key) },
    environment: settings.environment,
    hashClient: (secret) => hmac(clientsKey, secret),
    onOutcome: (outcome) => metrics.signIn(outcome),
    trail,
    publicUrl,
    log,
    now,
  })
  const entrance = new Entrance({
    authenticators: authenticators({
      hot: open.hot,
      admissions,
      passwords,
      throttle,
      fetchKeys: issuerKeys(upstreams),
      now,
    }),
    guard: throttle,
    sessions: people.admissions,
    certificateHeader: settings.client_certificate_header,
    now,
  })
  const shared = {
    hot: open.hot,
    callers: new Callers(settings.trusted_proxies),
    entrance,
    limits: new KeyLimits(open.engine === 'postgres' ? new SharedRateLimiter(open.activity) : new RateLimiter()),
    problem: problemRenderer(publicUrl),
    ...{ guard: throttle, signIn, signingKeys, trail, metrics, publicUrl, log, now },
  }
  const proxy = new Gate({
    ...shared,
    targets,
    health,
    renewals,
    answers: new KeptAnswers(open.activity, replayKey, ring.sealer('answers')),
  })
  const traces = new ForwardAuthTraces(now)
  const assertions = new Assertions(signingKeys, publicUrl)
  const forwardAuth = new ForwardAuth({ ...shared, ...people, assertions, traces })
  const visitors = new Visitors({ ...shared, ...people, installation: settings.name })
  const oidc = openOidc({ ...open, ...people, ...shared, vault: ring, visitors })
  const { server, close: closeRouter } = buildServer({
    ...shared,
    proxy,
    forwardAuth,
    endSession: logout.endSession,
    oidc,
    ...oidc,
    visitors,
    once: new KeptAnswers(open.activity, replayKey, ring.sealer('api answers')),
    basePath: new URL(publicUrl).pathname.replace(/\/$/, ''),
    isReady: async () => {
      await open.hot.version()
      if (trail.failing) await trail.flushed()
    },
    parts: {
      store: open.store,
      activity: open.activity,
      hot: open.hot,
      vault: ring,
      catalogue,
      targets,
      health,
      renewals,
      revocations: new Revocations({ ...renewing, renewals }),
      webhooks: sender,
      trail,
      hashKey: (secret) => hashOfKey(hashKey, secret),
      sessions: people.sessions,
      hashClient: (secret) => hmac(clientsKey, secret),
      access: signIn.access,
      links: signIn.links,
      methodSecrets: ring.sealer(PURPOSES.signInMethods),
      methodParts: { ...methodParts, passkeys: signIn.passkeys },
      passwords,
      provided,
      defaults: { keysOutliveOwner: settings.keys_outlive_owner },
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
      traces,
      now: () => new Date(),
    },
  })
  const rounds = startRounds(installation, signingKeys, settings, log)
  await listen(server, settings.listen)
  const bound = server.address() as AddressInfo
  listeners.push({ address: bound.address, port: bound.port })
  const metricsServer = settings.metrics_listen && (await serveMetrics(metrics, settings.metrics_listen))
  if (settings.metrics_listen !== undefined) listeners.push(settings.metrics_listen)
  webhooks.start()
  logout.dispatcher.start()
  const endWarming = warmWhereUsed(oidc.openid, open.store)
  const unwatch = watchKeys(provided, settings.keys_files)
  const url = `http://${hostText(bound)}`
  log.info({ version: VERSION, url, engine: open.engine, audit: settings.audit }, 'Octroi is ready')
  return {
    url,
    log,
    async stop() {
      clearInterval(rounds)
      endWarming()
      renewalRounds.close()
      await unwatch()
      await Promise.all([drain(server), webhooks.stop(), logout.dispatcher.stop()])
      await renewals.close()
      metricsServer?.close()
      proxy.close()
      await closeRouter()
      await upstreams.close()
      await trail.close()
      await signIn.links.settled()
      await signIn.notices.settled()
      await mail?.close()
      await passwords.close()
      await people.uses.close()
      await lock.release()
      await open.close()
      log.info('Octroi has stopped')
    },
  }
}
