import { endpoint } from './endpoint.ts'
import { ForwardAuthTrace } from './forward_auth_trace_schema.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

export const forwardAuthTracesGet = endpoint({
  name: 'forward-auth-traces.get',
  method: 'GET',
  path: '/forward-auth/traces/{id}',
  summary: 'Read what arrived at forward-auth with the id of a trace',
  permission: 'routes.read',
  params: IdParams,
  response: ForwardAuthTrace,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const trace = parts.traces.read(params.id)
    if (trace === undefined) throw notFound('trace', params.id)
    return {
      ...trace,
      seen: trace.seen.map((seen) => ({
        ...seen,
        headers: [...seen.headers],
        credentials: [...seen.credentials],
        considered: seen.considered.map((route) => ({ ...route, methods: [...route.methods] })),
      })),
    }
  },
})
