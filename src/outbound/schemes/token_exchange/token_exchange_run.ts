import { OctroiError } from '../../../core/errors.ts'
import { type Exchange, type ExchangeContext, ExchangeError, type Obtained } from '../../exchange.ts'
import type { ConnectionSecrets, ConnectionSettings, Values } from '../../scheme.ts'
import { performStep, performSteps } from '../../steps/step.ts'
import { addresses } from '../oauth/oauth_values.ts'
import { type Placements, placementTemplates, signPlacements } from '../placements.ts'
import type { TokenExchange } from './token_exchange_section.ts'

/** The exchange of a section: refresh where that is possible, else log in. */
export function stepsExchange(sectionOf: (connection: ConnectionSettings) => TokenExchange): Omit<Exchange, 'durable'> {
  return {
    endpoints: (connection) => addresses(sectionOf(connection).endpoints, connection),
    async run(connection, context) {
      const section = sectionOf(connection)
      const refreshed = await refresh(section, connection, context)
      const values = refreshed ?? (await performSteps(section.login, connection, {}, context))
      return obtained(section, connection, values, context.now())
    },
    async revoke(connection, context) {
      const { logout } = sectionOf(connection)
      if (logout === undefined || lacksSetting(logout, connection)) return
      await performStep(logout, connection, connection.token ?? {}, context)
    },
  }
}

/** `undefined` where only a login can help: nothing to begin with, nowhere to go, or refused. */
async function refresh(
  { refresh: steps, durable, needed }: TokenExchange,
  connection: ConnectionSecrets,
  context: ExchangeContext,
): Promise<Values | undefined> {
  const kept = Object.entries(connection.token ?? {}).filter(([name]) => durable.includes(name))
  const begin = Object.fromEntries(kept)
  if (steps === undefined || needed.some((name) => !Object.hasOwn(begin, name))) return undefined
  if (steps.some((step) => lacksSetting(step, connection))) return undefined
  try {
    return await performSteps(steps, connection, begin, context)
  } catch (error) {
    if (error instanceof ExchangeError && error.kind === 'human') return undefined
    throw error
  }
}

function lacksSetting(
  { request: { fixed } }: TokenExchange['login'][number],
  { settings }: ConnectionSettings,
): boolean {
  return fixed !== undefined && fixed.render({ settings }) === undefined
}

function obtained(section: TokenExchange, connection: ConnectionSecrets, values: Values, now: number): Obtained {
  requireApplicable(section, connection, values)
  const { settings } = connection
  const ends = section.lifetime(settings, values, now)
  const { minRemainingMs } = section
  if (minRemainingMs !== undefined && ends.expiresAt !== null && ends.expiresAt <= now + minRemainingMs)
    throw new ExchangeError('transient', 'The service gave a token that has ended, or ends too soon.')
  const identity = section.identity?.render({ settings, token: values })
  return { values, ...ends, early: section.early, ...(identity !== undefined && { identity }) }
}

/** A token that cannot be put on a request is no token: better to hear of it now than with every call. */
function requireApplicable({ apply }: TokenExchange, connection: ConnectionSecrets, values: Values): void {
  const { settings, secrets } = connection
  for (const { references, render } of placementTemplates(apply)) {
    const missing = references.find((name) => name.startsWith('token.') && !Object.hasOwn(values, name.slice(6)))
    if (missing !== undefined && render({ settings, secrets, token: values }) === undefined)
      throw new ExchangeError('transient', `The service gave no ${missing.slice(6)}.`)
  }
  if (canBeSent(apply, connection, values)) return
  // Whatever else is wrong is for a person, and said when the request is signed.
  const harmless = Object.fromEntries(Object.keys(values).map((name) => [name, 'x']))
  if (canBeSent(apply, connection, harmless))
    throw new ExchangeError('transient', 'The service gave a token that cannot be put on a call.')
}

function canBeSent(apply: Placements, connection: ConnectionSecrets, token: Values): boolean {
  try {
    signPlacements(apply, { ...connection, token })
    return true
  } catch (error) {
    if (error instanceof OctroiError) return false
    throw error
  }
}
