import { OctroiError } from '../core/errors.ts'
import type { AcceptKind } from '../core/program_types.ts'
import { ambiguous, type Presented } from './presented.ts'

/** In which places of a request a proof may stand, for what a route accepts. */

/** A route asks for several proofs, and not all came. */
export class MissingKinds extends OctroiError {
  readonly kinds: readonly AcceptKind[]

  constructor(kinds: readonly AcceptKind[]) {
    super('unauthenticated', `This needs several credentials at once; missing: ${kinds.join(', ')}.`)
    this.kinds = kinds
  }
}

const NOWHERE: Presented = { apiKey: null, bearer: null, basic: null, certificate: null }

export function isEmpty({ apiKey, bearer, basic, certificate }: Presented): boolean {
  return apiKey === null && bearer === null && basic === null && certificate === null
}

/** The same credential in two places is one. A certificate belongs to the connection, not to the request: it contradicts nothing. */
export function refuseTwo({ apiKey, bearer, basic }: Presented): void {
  const authorization = bearer ?? basic?.password ?? null
  if (apiKey !== null && authorization !== null && apiKey !== authorization) throw ambiguous()
}

/**
 * A credential of a kind that the route does not take is not looked at: it may be the application's own. A key as the password of
 * Basic is a key, unless another one came.
 */
export function relevantTo(kinds: readonly AcceptKind[], presented: Presented): Presented {
  const takes = (...some: AcceptKind[]) => some.some((kind) => kinds.includes(kind))
  const apiKey = takes('api_key') ? presented.apiKey : null
  const bearer = takes('api_key', 'jwt') ? presented.bearer : null
  const isAlone = apiKey === null && bearer === null
  return {
    apiKey,
    bearer,
    basic: takes('basic') || (takes('api_key') && isAlone) ? presented.basic : null,
    certificate: takes('mtls') ? presented.certificate : null,
  }
}

/** Where each of several proofs has to stand: no two of them in the same place. */
export function placeOf(kind: AcceptKind, kinds: readonly AcceptKind[], presented: Presented): Presented {
  switch (kind) {
    case 'api_key':
      return keyPlaces(kinds, presented)
    case 'basic':
      return { ...NOWHERE, basic: presented.basic }
    case 'jwt':
      return { ...NOWHERE, bearer: presented.bearer }
    case 'mtls':
      return { ...NOWHERE, certificate: presented.certificate }
    default:
      return NOWHERE
  }
}

function keyPlaces(kinds: readonly AcceptKind[], { apiKey, bearer, basic }: Presented): Presented {
  return {
    ...NOWHERE,
    apiKey,
    bearer: kinds.includes('jwt') ? null : bearer,
    basic: kinds.includes('basic') || apiKey !== null ? null : basic,
  }
}
