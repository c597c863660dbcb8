import type { z } from 'zod'
import { OctroiError } from '../core/errors.ts'
import { newEvent } from '../core/events.ts'
import type { Issuer as Stored } from '../core/program_types.ts'
import { endpoint } from './endpoint.ts'
import { changedFields, given } from './given.ts'
import { Issuer, IssuerUpdate } from './issuer_schemas.ts'
import { checkIssuer, conditionsOf, presentIssuer, requireAdministrator, requireReachable } from './issuers_rules.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

type Changes = z.output<typeof IssuerUpdate>

export const issuersUpdate = endpoint({
  name: 'issuers.update',
  method: 'PATCH',
  path: '/issuers/{id}',
  summary: 'Change or disable an issuer of JWTs',
  description: 'Needs * besides, but for disabling. "jwks" takes the place of "jwks_uri", and the other way round.',
  permission: 'issuers.write',
  params: IdParams,
  body: IssuerUpdate,
  response: Issuer,
  errors: ['not_found', 'conflict', 'insecure_upstream', 'conditions_required'],
  target: ({ id }) => `issuer:${id}`,
  async handle({ principal, params, body, parts }) {
    if (!onlyDisables(body)) requireAdministrator(principal)
    const before = await parts.store.issuers.get(params.id)
    if (before === undefined) throw notFound('issuer', params.id)
    const after = changed(before, body, parts.now().toISOString())
    // What stays as it is must not keep anybody from disabling it.
    if (!onlyDisables(body)) {
      await checkIssuer(parts.store, after)
      if (begins(before, after)) await requireReachable(parts, after)
    }
    await parts.store.transaction(async (store) => {
      if (JSON.stringify(await store.issuers.get(before.id)) !== JSON.stringify(before)) {
        throw new OctroiError('conflict', 'The issuer was changed by somebody else meanwhile. Read it and try again.')
      }
      if (!onlyDisables(body)) await checkIssuer(store, after)
      await store.issuers.update(after)
      await store.events.insert(newEvent('issuer.updated', `issuer:${before.id}`, changedFields(body)))
    })
    return presentIssuer(after)
  },
})

function onlyDisables(body: Changes): boolean {
  return body.disabled === true && Object.keys(given(body)).length === 1
}

function changed(before: Stored, body: Changes, now: string): Stored {
  const { disabled, subject: _, jwks, jwks_uri, ...fields } = body
  const after = { ...before, ...given(fields), updated_at: now }
  const keys = jwks === undefined && jwks_uri === undefined ? {} : { jwks: jwks ?? null, jwks_uri: jwks_uri ?? null }
  return {
    ...after,
    ...keys,
    conditions: conditionsOf(after.conditions, after.subject_claim, body),
    disabled_at: disabled === undefined ? before.disabled_at : disabled ? (before.disabled_at ?? now) : null,
  }
}

/** Keys begin to be fetched from somewhere. */
function begins(before: Stored, after: Stored): boolean {
  if (after.disabled_at !== null) return false
  const where = ({ jwks_uri, network, disabled_at }: Stored) =>
    JSON.stringify([jwks_uri, network, disabled_at === null])
  return where(before) !== where(after)
}
