import { endpoint } from './endpoint.ts'
import { ForwardAuthTrace } from './forward_auth_trace_schema.ts'

export const forwardAuthTracesCreate = endpoint({
  name: 'forward-auth-traces.create',
  method: 'POST',
  path: '/forward-auth/traces',
  summary: 'Begin to watch what arrives at forward-auth',
  description:
    'A request that goes through the proxy with the id in the header Octroi-Trace is told of for 60 s. In this process only: with several, ask the one that the proxy asks.',
  permission: 'routes.read',
  response: ForwardAuthTrace,
  status: 201,
  async handle({ parts }) {
    const trace = parts.traces.open()
    return { ...trace, seen: [] }
  },
})
