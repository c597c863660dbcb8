import type { z } from 'zod'
import { newEvent } from '../core/events.ts'
import type { Issuer as Stored } from '../core/program_types.ts'
import { endpoint } from './endpoint.ts'
import { Issuer, IssuerCreate } from './issuer_schemas.ts'
import { checkIssuer, conditionsOf, presentIssuer, requireAdministrator, requireReachable } from './issuers_rules.ts'
import { chooseId, made } from './presenting.ts'

export const issuersCreate = endpoint({
  name: 'issuers.create',
  method: 'POST',
  path: '/issuers',
  summary: 'Trust an issuer of JWTs to say who calls',
  description:
    'Needs * besides. Without "account" the subject claim of a token is the id of an account of a program; with it, every token that meets the conditions is that account.',
  permission: 'issuers.write',
  body: IssuerCreate,
  response: Issuer,
  status: 201,
  errors: ['conflict', 'insecure_upstream', 'conditions_required'],
  target: (_, answer) => made('issuer', answer),
  async handle({ principal, body, parts }) {
    requireAdministrator(principal)
    const now = parts.now().toISOString()
    const name = body.name ?? nameOf(body.issuer)
    const id = await chooseId(body.id, name, async (wanted) => (await parts.store.issuers.get(wanted)) !== undefined)
    const issuer = issuerOf(id, name, body, now)
    await checkIssuer(parts.store, issuer)
    await requireReachable(parts, issuer)
    await parts.store.transaction(async (store) => {
      // Asked again: an account may have gone while the address was looked up.
      await checkIssuer(store, issuer)
      await store.issuers.insert(issuer)
      await store.events.insert(newEvent('issuer.created', `issuer:${id}`, { name, issuer: issuer.issuer }))
    })
    return presentIssuer(issuer)
  },
})

function issuerOf(id: string, name: string, body: z.output<typeof IssuerCreate>, now: string): Stored {
  const { subject: _, disabled, jwks = null, jwks_uri = null, ...fields } = body
  return {
    ...fields,
    id,
    name,
    jwks,
    jwks_uri,
    conditions: conditionsOf(fields.conditions, fields.subject_claim, body),
    disabled_at: disabled ? now : null,
    created_at: now,
    updated_at: now,
  }
}

/** `https://login.example.org/realms/x` → its host; anything else as it is. */
function nameOf(issuer: string): string {
  return (URL.canParse(issuer) && new URL(issuer).hostname) || issuer.slice(0, 200)
}
