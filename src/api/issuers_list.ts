import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { Issuer } from './issuer_schemas.ts'
import { presentIssuer } from './issuers_rules.ts'
import { pageAnswer, pageQuery } from './presenting.ts'
import { Page, pageOf } from './schemas.ts'

export const issuersList = endpoint({
  name: 'issuers.list',
  method: 'GET',
  path: '/issuers',
  summary: 'List issuers of JWTs',
  permission: 'issuers.read',
  query: z.strictObject(Page),
  response: pageOf(Issuer),
  async handle({ query, parts }) {
    return pageAnswer(await parts.store.issuers.list(pageQuery(query)), query.limit, presentIssuer)
  },
})
