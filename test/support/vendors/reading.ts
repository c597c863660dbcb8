import { type Call, Refused, type Reply } from './vendor.ts'

/** The media type without its parameters, in small letters. */
export function mediaType(call: Call): string {
  return (call.header('content-type') ?? '').split(';', 1)[0]!.trim().toLowerCase()
}

/** The fields of a JSON object; anything else is answered with `otherwise`. */
export function jsonFields(call: Call, otherwise: Reply): Record<string, unknown> {
  if (mediaType(call) !== 'application/json') throw new Refused(otherwise)
  try {
    const value: unknown = JSON.parse(call.body)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {}
  throw new Refused(otherwise)
}

/** The fields of a urlencoded form; another type, or a field sent twice, is answered with `otherwise`. */
export function formFields(call: Call, otherwise: Reply): URLSearchParams {
  const form = new URLSearchParams(call.body)
  const names = [...form.keys()]
  if (mediaType(call) !== 'application/x-www-form-urlencoded' || names.length !== new Set(names).size)
    throw new Refused(otherwise)
  return form
}

/** User name and password of `Authorization: Basic`; the password may hold colons. */
export function basicCredential(call: Call): { username: string; password: string } | undefined {
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(call.header('authorization') ?? '')?.[1]
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString('utf8')) ?? []
  return username === undefined || password === undefined ? undefined : { username, password }
}

export function bearerToken(call: Call): string | undefined {
  return /^bearer ([^\s]+)$/i.exec(call.header('authorization') ?? '')?.[1]
}
