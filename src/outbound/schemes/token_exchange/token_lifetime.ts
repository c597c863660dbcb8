import { decodeJwt } from 'jose'
import { z } from 'zod'
import type { StepNames, Template, TemplateScope } from '../../connectors/template.ts'
import { formatFault, parseTime, zoneFault } from '../../connectors/zoned_time.ts'
import { ExchangeError, type Obtained } from '../../exchange.ts'
import type { Values } from '../../scheme.ts'

/** How long a token lives: what the service said, or what is known of it. */

const Seconds = z
  .number()
  .positive()
  .max(10 * 366 * 86_400)
const otherwise = {
  otherwise_s: Seconds.optional().describe('Where the service does not say; without it: until it is refused'),
}
const Format = z.string().superRefine(refine(formatFault))
const Zone = z.string().superRefine(refine(zoneFault))

export const lifetimeSchema = z
  .union(
    [
      z.strictObject({ expires_in: z.string(), unit: z.enum(['s', 'ms', 'min', 'h']).default('s'), ...otherwise }),
      z.strictObject({ expires_at: z.string(), format: Format.default('iso'), zone: Zone.optional(), ...otherwise }),
      z.strictObject({ jwt_exp: z.string(), ...otherwise }),
      z.strictObject({ midnight: z.string(), zone: Zone }),
      z.strictObject({ fixed_s: Seconds }),
      z.strictObject({ idle_s: Seconds, max_s: Seconds.optional() }),
      z.enum(['none', 'one_shot']),
    ],
    {
      error:
        'must be {expires_in, unit}, {expires_at, format, zone}, {jwt_exp}, {midnight, zone}, {fixed_s}, {idle_s, max_s}, none or one_shot',
    },
  )
  .default('none')

type LifetimeText = z.infer<typeof lifetimeSchema>

type Ends = Pick<Obtained, 'expiresAt' | 'idleSeconds' | 'once'>

/** Throws `ExchangeError` `transient` where the service said something that is no time. */
export type Lifetime = (settings: Values, values: Values, now: number) => Ends

const UNIT_MS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 } as const
/** As good as for ever, and still a date. */
const MAX_MS = 100 * 366 * 86_400_000

export function compileLifetime(lifetime: LifetimeText, scope: TemplateScope, names: StepNames): Lifetime {
  if (lifetime === 'none') return () => ({ expiresAt: null })
  if (lifetime === 'one_shot') return (_settings, _values, now) => ({ expiresAt: now, once: true })
  if ('fixed_s' in lifetime) return (_settings, _values, now) => ({ expiresAt: now + lifetime.fixed_s * 1000 })
  if ('idle_s' in lifetime) return idle(lifetime)
  if ('jwt_exp' in lifetime) return jwtExp(lifetime, names)
  if ('midnight' in lifetime) {
    const at = scope.discovered(lifetime.midnight, 'body', names.token)
    return (settings, values) => ({ expiresAt: readMidnight(at.render({ settings, token: values }), lifetime.zone) })
  }
  const read = 'expires_in' in lifetime ? readSpan(lifetime) : readDate(lifetime)
  const template = scope.discovered(
    'expires_in' in lifetime ? lifetime.expires_in : lifetime.expires_at,
    'body',
    names.token,
  )
  return said(template, read, lifetime.otherwise_s)
}

/** What the service said; else what the connector says; else nobody knows. */
function said(
  template: Template,
  read: (text: string, now: number) => number | undefined,
  otherwiseS: number | undefined,
): Lifetime {
  return (settings, values, now) => {
    const text = template.render({ settings, token: values })
    if (text === undefined) return { expiresAt: otherwiseS === undefined ? null : now + otherwiseS * 1000 }
    const at = read(text, now)
    if (at === undefined) throw new ExchangeError('transient', 'The service gave a token whose end cannot be read.')
    return { expiresAt: Math.min(at, now + MAX_MS) }
  }
}

function readSpan({ unit }: { readonly unit: keyof typeof UNIT_MS }) {
  return (text: string, now: number) =>
    /^-?\d{1,15}(\.\d{1,9})?$/.test(text) ? now + Math.floor(Number(text) * UNIT_MS[unit]) : undefined
}

function readDate({ format, zone }: { readonly format: string; readonly zone?: string | undefined }) {
  return (text: string) => parseTime(text, format, zone)
}

/** The midnight that the day begins with; of a time, that of its day. */
function readMidnight(text: string | undefined, zone: string): number {
  const at = parseTime((text ?? '').slice(0, 10), 'date', zone)
  if (at === undefined) throw new ExchangeError('transient', 'The service gave a token whose last day cannot be read.')
  return at
}

/**
 * The end that a token says of itself. It is read unverified: it is our own bearer, which we do not trust but send, and a wrong end
 * only has it renewed too early or refused.
 */
function jwtExp(
  { jwt_exp, otherwise_s }: { jwt_exp: string; otherwise_s?: number | undefined },
  names: StepNames,
): Lifetime {
  if (!names.token.includes(jwt_exp)) throw new Error(`lifetime: ${jwt_exp} is not a value of the token`)
  return (_settings, values, now) => {
    const exp = expOf(values[jwt_exp] ?? '')
    if (exp !== undefined) return { expiresAt: Math.min(exp * 1000, now + MAX_MS) }
    return { expiresAt: otherwise_s === undefined ? null : now + otherwise_s * 1000 }
  }
}

function expOf(token: string): number | undefined {
  try {
    const { exp } = decodeJwt(token)
    return typeof exp === 'number' && Number.isFinite(exp) ? exp : undefined
  } catch {
    return undefined
  }
}

/** Use moves the end, but never past the greatest age. */
function idle({ idle_s, max_s }: { readonly idle_s: number; readonly max_s?: number | undefined }): Lifetime {
  return (_settings, _values, now) => ({
    expiresAt: max_s === undefined ? null : now + max_s * 1000,
    idleSeconds: Math.min(idle_s, max_s ?? Infinity),
  })
}

function refine(fault: (text: string) => string | undefined) {
  return (text: string, context: z.RefinementCtx) => {
    const message = fault(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  }
}
