import { OctroiError } from '../core/errors.ts'
import type { RequestHead } from '../inbound/request_head.ts'
import type { Sought } from '../outbound/connections/targets.ts'
import type { Values } from '../outbound/scheme.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'

const PREFIX = 'octroi-param-'
const NONE: Values = {}

/**
 * What a call chooses for itself where the scheme lets it (`Octroi-Param-Company` of Tripletex); whether it may is the grant's.
 * Throws `invalid_request` for a name that the scheme does not know: it would be ignored, and another account be written to.
 */
export function requestParams({ names, raw }: RequestHead, { connection }: Sought): Values {
  if (!names.some((name) => name.startsWith(PREFIX))) return NONE
  const known = SCHEMES[connection.scheme]?.params ?? []
  const params: Record<string, string> = {}
  names.forEach((header, i) => {
    if (!header.startsWith(PREFIX)) return
    const name = header.slice(PREFIX.length)
    if (!known.includes(name)) throw fault(header, `is not a parameter of ${connection.scheme}`)
    if (Object.hasOwn(params, name)) throw fault(header, 'was sent twice')
    params[name] = raw[2 * i + 1] as string
  })
  return params
}

function fault(header: string, message: string): OctroiError {
  return new OctroiError('invalid_request', `The header ${header} ${message}.`, { errors: [{ path: header, message }] })
}
