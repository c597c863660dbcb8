import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { z } from 'zod'

/** What browsers send (`PublicKeyCredential.toJSON()`), before anything in it is believed. */

const base64url = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[A-Za-z0-9_-]+$/)
/** 1023 bytes (WebAuthn §5.8.3). */
const credentialId = base64url(1_364)
const envelope = { id: credentialId, rawId: credentialId, type: z.literal('public-key') }
const clientDataJSON = base64url(8_192)

const Authentication = z.object({
  ...envelope,
  response: z.object({
    clientDataJSON,
    authenticatorData: base64url(8_192),
    signature: base64url(4_096),
    userHandle: base64url(88).nullish(),
  }),
})

const Registration = z.object({
  ...envelope,
  response: z.object({
    clientDataJSON,
    attestationObject: base64url(32_768),
    transports: z
      .array(z.string().regex(/^[a-z-]{1,32}$/))
      .max(10)
      .catch([])
      .optional(),
  }),
})

export type AuthenticationAnswer = z.infer<typeof Authentication>
export type RegistrationAnswer = z.infer<typeof Registration>

/** `undefined` for what is no such answer, or was made in a frame of another site: our pages stand in none. */
export async function readAuthentication(given: unknown): Promise<AuthenticationAnswer | undefined> {
  const { data } = Authentication.safeParse(given)
  return data !== undefined && (await isFromOwnPage(data.response.clientDataJSON)) ? data : undefined
}

/**
 * `undefined` also for attestations with certificates, which nobody asked for: to check one means to follow the addresses of revocation
 * lists in it, wherever they lead. Without are `none`, and `packed` as self attestation (WebAuthn §5.1.3, step 25).
 */
export async function readRegistration(given: unknown): Promise<RegistrationAnswer | undefined> {
  const { data } = Registration.safeParse(given)
  if (data === undefined || !(await isFromOwnPage(data.response.clientDataJSON))) return undefined
  return (await isWithoutCertificates(data.response.attestationObject)) ? data : undefined
}

export function authenticationJson({ response, ...rest }: AuthenticationAnswer): AuthenticationResponseJSON {
  const { userHandle, ...more } = response
  const handle = typeof userHandle === 'string' ? { userHandle } : {}
  return { ...rest, clientExtensionResults: {}, response: { ...more, ...handle } }
}

export function registrationJson({ response, ...rest }: RegistrationAnswer): RegistrationResponseJSON {
  const { transports = [], ...more } = response
  return { ...rest, clientExtensionResults: {}, response: { ...more, transports: transports as never } }
}

async function isFromOwnPage(clientDataJSON: string): Promise<boolean> {
  const { decodeClientDataJSON } = await import('./webauthn.ts')
  try {
    const { crossOrigin, topOrigin } = decodeClientDataJSON(clientDataJSON) as {
      crossOrigin?: unknown
      topOrigin?: unknown
    }
    return (crossOrigin === undefined || crossOrigin === false) && topOrigin === undefined
  } catch {
    return false
  }
}

async function isWithoutCertificates(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await import('./webauthn.ts')
  try {
    const decoded = decodeAttestationObject(Uint8Array.from(Buffer.from(attestationObject, 'base64url')))
    const statement = decoded.get('attStmt')
    const format = decoded.get('fmt')
    return format === 'none' || (format === 'packed' && statement.get('x5c') === undefined)
  } catch {
    return false
  }
}
