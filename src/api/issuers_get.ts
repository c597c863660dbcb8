import { endpoint } from './endpoint.ts'
import { Issuer } from './issuer_schemas.ts'
import { presentIssuer } from './issuers_rules.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const issuersGet = endpoint({
  name: 'issuers.get',
  method: 'GET',
  path: '/issuers/{id}',
  summary: 'Read an issuer of JWTs',
  permission: 'issuers.read',
  params: IdParams,
  response: Issuer,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const issuer = await parts.store.issuers.get(params.id)
    if (issuer === undefined) throw notFound('issuer', params.id)
    return presentIssuer(issuer)
  },
})
