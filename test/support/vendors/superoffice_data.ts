import { apiOf, type SuperOfficeState, useTicket } from './superoffice_state.ts'
import { type Call, Refused, type Reply, type Route } from './vendor.ts'

/** Where a tenant is served now. It moves, and says until when the answer may be kept. */
export function stateRoute(state: SuperOfficeState, issuer: string): Route {
  return {
    method: 'GET',
    path: /^\/api\/state\/(Cust\d+)$/i,
    answer({ args: [tenant = ''] }) {
      state.counts.states++
      if (tenant.toLowerCase() !== state.tenant.toLowerCase())
        return { status: 200, body: { ContextIdentifier: tenant, Endpoint: null, State: 'Unknown', IsRunning: false } }
      const body = {
        ContextIdentifier: state.tenant,
        Endpoint: `${issuer}/${state.tenant}`,
        State: state.settings.state,
        IsRunning: state.settings.state === 'Running',
        ValidUntil: new Date(state.now() + state.settings.stateSeconds * 1000).toISOString(),
        Api: apiOf(state),
      }
      return { status: 200, body }
    },
  }
}

/** The data of the tenant at one of the numbered hosts: host first, then credential, then resource. */
export function dataRoutes(state: SuperOfficeState, host: number): Route[] {
  const data = (method: string, path: string, status: number, body: (call: Call) => unknown): Route => ({
    method,
    path: RegExp(`^/(Cust\\d+)/api/v1/${path}$`, 'i'),
    answer(call) {
      admit(state, host, call)
      return { status, body: body(call) }
    },
  })
  return [
    data('GET', 'User/currentPrincipal', 200, () => ({ AssociateId: 5, FullName: 'Kari Nordmann', EjUserId: 0 })),
    data('GET', 'Person', 200, () => ({ value: [{ personId: 1, fullName: 'Ola Nordmann' }] })),
    data('POST', 'Contact', 201, (call) => ({ ContactId: 12, received: call.body })),
    data('*', '.*', 404, () => ({ Error: true, Message: 'Not found' })),
  ]
}

export function unknown(): Reply {
  return { status: 404, body: { Error: true, Message: 'Not found' } }
}

const refuse = (status: number, Message: string): never => {
  throw new Refused({ status, body: { Error: true, ErrorType: 'SoApiException', Message } })
}

function admit(state: SuperOfficeState, host: number, call: Call): void {
  const tenant = call.args[0]?.toLowerCase()
  if (tenant !== state.tenant.toLowerCase() || host !== state.currentHost) refuse(421, 'Misdirected Request')
  if (state.settings.state !== 'Running') refuse(503, state.settings.state)
  const [, scheme = '', value = ''] = /^(\S+) (\S+)$/.exec(call.header('authorization') ?? '') ?? []
  if (scheme.toLowerCase() === 'soticket') {
    // A ticket without the application token that it was minted for is nothing.
    if (call.header('so-apptoken') !== state.app.clientSecret) refuse(401, 'Invalid application token')
    if (!useTicket(state, value)) refuse(401, 'Invalid ticket')
  } else if (scheme.toLowerCase() !== 'bearer' || !((state.accessTokens.get(value) ?? 0) > state.now()))
    refuse(401, 'Unauthorized')
}
