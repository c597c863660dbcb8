import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  importSPKI,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { z } from 'zod'
import type { Template } from '../connectors/template.ts'
import { ExchangeError } from '../exchange.ts'
import { parseJson } from '../json_path.ts'
import { endpointOf } from '../schemes/endpoints.ts'
import { type Running, type StepScope, textOf } from './running.ts'

/** Claims of a token are read after its signature was verified and never before: anybody can write claims. */

const SHARED = ['HS256', 'HS384', 'HS512'] as const
const PUBLIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const

export const verifySchema = z
  .strictObject({
    algorithms: z.array(z.enum([...PUBLIC, ...SHARED])).min(1),
    jwks_url: z.string().min(1).optional(),
    public_key: z.string().min(1).optional().describe('PEM, SubjectPublicKeyInfo'),
    secret: z.string().min(1).optional(),
    issuer: z.string().min(1).optional(),
    audience: z.string().min(1).optional(),
    ignore_exp: z.boolean().default(false).describe('For tokens that are only proof of who answered, and end at once'),
  })
  .superRefine(({ jwks_url, public_key, secret, algorithms }, context) => {
    const fault = (message: string) => context.addIssue({ code: 'custom', message })
    if ([jwks_url, public_key, secret].filter((key) => key !== undefined).length !== 1)
      fault('needs one of jwks_url, public_key and secret')
    // With both families allowed, a public key could be used as the secret of HMAC (RFC 8725 §3.1).
    else if (algorithms.some((algorithm) => SHARED.includes(algorithm as 'HS256') !== (secret !== undefined)))
      fault(secret === undefined ? 'takes no HS algorithm: that needs a secret' : 'takes HS algorithms only')
  })

export type VerifyText = z.infer<typeof verifySchema>

export interface Verification {
  readonly algorithms: string[]
  readonly ignoreExp: boolean
  readonly key: { readonly jwks: Template } | { readonly pem: Template } | { readonly secret: Template }
  readonly issuer: Template | undefined
  readonly audience: Template | undefined
}

export function compileVerification(verify: VerifyText, { scope, names }: StepScope): Verification {
  const { jwks_url, public_key, secret = '' } = verify
  const text = (value: string) => scope.step(value, 'body', names)
  return {
    algorithms: verify.algorithms,
    ignoreExp: verify.ignore_exp,
    key:
      jwks_url !== undefined
        ? { jwks: scope.public(jwks_url, 'endpoint') }
        : public_key !== undefined
          ? { pem: text(public_key) }
          : { secret: text(secret) },
    issuer: verify.issuer === undefined ? undefined : text(verify.issuer),
    audience: verify.audience === undefined ? undefined : text(verify.audience),
  }
}

export function verificationTemplates({ key, issuer, audience }: Verification): readonly Template[] {
  const keys = 'pem' in key ? [key.pem] : 'secret' in key ? [key.secret] : []
  return [...keys, issuer, audience].filter((template) => template !== undefined)
}

/** Throws `ExchangeError`: `transient` where the next token or key may do, else `human`. */
export async function verifiedClaims(token: string, verification: Verification, step: Running): Promise<JWTPayload> {
  const expected = (template: Template | undefined) =>
    template === undefined ? undefined : (textOf(template, step) ?? '')
  const issuer = expected(verification.issuer)
  const audience = expected(verification.audience)
  const now = step.context.now()
  try {
    const options = {
      algorithms: verification.algorithms,
      currentDate: new Date(verification.ignoreExp ? beforeEnd(token, now) : now),
      clockTolerance: 60,
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    }
    const key = await keyOf(verification, step)
    const { payload } =
      typeof key === 'function' ? await jwtVerify(token, key, options) : await jwtVerify(token, key, options)
    return payload
  } catch (error) {
    throw refusal('jwks' in verification.key && isOfKeys(error) ? keysUnreadable(step) : error, step)
  }
}

/** `jose` has no way not to look at `exp`: so it looks from just before it. The signature is verified all the same. */
function beforeEnd(token: string, now: number): number {
  const { exp } = decodeJwt(token)
  return typeof exp === 'number' ? Math.min(now, exp * 1000 - 1) : now
}

async function keyOf(
  { key, algorithms }: Verification,
  step: Running,
): Promise<CryptoKey | Uint8Array | JWTVerifyGetKey> {
  if ('secret' in key) return new TextEncoder().encode(textOf(key.secret, step) ?? '')
  if ('pem' in key) return importSPKI(textOf(key.pem, step) ?? '', algorithms[0] ?? '')
  const url = endpointOf(key.jwks, step.connection)
  const { status, text } = await step.context.fetch({ method: 'GET', url, headers: { accept: 'application/json' } })
  const keys = status === 200 ? parseJson(text) : undefined
  if (keys === null || typeof keys !== 'object' || !('keys' in keys)) throw keysUnreadable(step, ` (${status})`)
  return createLocalJWKSet(keys as JSONWebKeySet)
}

/** What a service publishes may be broken for a while: nothing is wrong with the token, nor with what the connection holds. */
function isOfKeys(error: unknown): boolean {
  const { JWKSInvalid, JOSENotSupported } = errors
  return [JWKSInvalid, JOSENotSupported, TypeError, DOMException].some((kind) => error instanceof kind)
}

function keysUnreadable({ title }: Running, why = ''): ExchangeError {
  return new ExchangeError('transient', `The keys that sign the answer to ${title} could not be read${why}.`)
}

function refusal(error: unknown, { title }: Running): unknown {
  if (error instanceof errors.JWTExpired || error instanceof errors.JWKSNoMatchingKey)
    return new ExchangeError('transient', `The token in the answer to ${title} has ended or its key is not known yet.`)
  if (error instanceof errors.JWTClaimValidationFailed)
    return new ExchangeError(
      'human',
      `The token in the answer to ${title} has another ${claimName(error)} than expected.`,
    )
  if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException)
    return new ExchangeError('human', `The token in the answer to ${title} could not be verified.`, { cause: error })
  return error
}

function claimName({ claim }: { readonly claim: string }): string {
  return /^[a-z]{1,20}$/.test(claim) ? claim : 'claim'
}
