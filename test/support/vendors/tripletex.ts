import { basicCredential, jsonFields } from './reading.ts'
import { forbidden, invalid, list, ok, outage, problem, unauthenticated, unknown } from './tripletex_answers.ts'
import {
  conflict,
  Limit,
  MAX_TTL_SECONDS,
  midnight,
  type Session,
  Sessions,
  type TripletexEmployee,
} from './tripletex_sessions.ts'
import { type Call, openVendor, Refused, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

export type { TripletexEmployee } from './tripletex_sessions.ts'

export interface TripletexOptions extends VendorOptions {
  /** `TRIPLETEX_CONSUMER` when not given. */
  readonly consumerTokens?: readonly string[]
  /** `TRIPLETEX_EMPLOYEE` and `TRIPLETEX_ACCOUNTANT` when not given. */
  readonly employees?: readonly TripletexEmployee[]
  /** Long-lived tokens for `:createFromRefreshToken`, by employee; without any the path does not exist. */
  readonly refreshTokens?: Readonly<Record<string, TripletexEmployee>>
}

export interface Tripletex extends Vendor {
  sessionsMinted(): number
  /** Sessions not yet deleted, revoked or expired. */
  sessionsAlive(): number
  /** On: a second creation for the same employee while the first is under way is refused with 409 / 8000. */
  refuseConcurrentCreation(on: boolean): void
  limitRequests(count: number, seconds: number): void
  /** All sessions die before their time. */
  revokeSessions(): void
  /** The token is taken away; its sessions die with it. */
  revokeConsumer(token: string): void
  revokeEmployee(token: string): void
  /** Vouchers that were posted: what was done, once or twice. */
  vouchers(): readonly unknown[]
}

export const TRIPLETEX_CONSUMER = 'test-consumer-5d3f2a'
export const TRIPLETEX_EMPLOYEE: TripletexEmployee = { token: 'test-employee-81c7b0', employeeId: 2913, companyId: 501 }
export const TRIPLETEX_ACCOUNTANT: TripletexEmployee = {
  token: 'test-accountant-e44d19',
  employeeId: 77,
  companyId: 600,
  accountant: true,
  clients: [601, 602],
}

interface State {
  readonly now: () => number
  readonly url: string
  readonly consumers: Set<string>
  readonly employees: Map<string, TripletexEmployee>
  readonly refreshTokens: Map<string, TripletexEmployee>
  readonly sessions: Sessions
  readonly limit: Limit
  readonly vouchers: unknown[]
  refusesConcurrent: boolean
}

/** A stand-in for the Tripletex API v2. */
export async function startTripletex(options: TripletexOptions = {}): Promise<Tripletex> {
  const now = options.now ?? Date.now
  const employees = options.employees ?? [TRIPLETEX_EMPLOYEE, TRIPLETEX_ACCOUNTANT]
  const state: Omit<State, 'url'> = {
    now,
    consumers: new Set(options.consumerTokens ?? [TRIPLETEX_CONSUMER]),
    employees: new Map(employees.map((employee) => [employee.token, employee])),
    refreshTokens: new Map(Object.entries(options.refreshTokens ?? {})),
    sessions: new Sessions(now),
    limit: new Limit(now),
    vouchers: [],
    refusesConcurrent: false,
  }
  const routes = (url: string) => routesOf(Object.assign(state, { url }))
  const vendor = await openVendor({ port: options.port, routes, unknown, outage })
  return { ...vendor, ...switches(state) }
}

/** What tests see and switch. */
function switches(state: Omit<State, 'url'>) {
  const { sessions, consumers, employees, limit, vouchers } = state
  return {
    sessionsMinted: () => sessions.minted,
    sessionsAlive: () => [...sessions.live.keys()].filter((token) => sessions.find(token)).length,
    refuseConcurrentCreation(on: boolean) {
      state.refusesConcurrent = on
    },
    limitRequests: (count: number, seconds: number) => void Object.assign(limit, { count, seconds }),
    revokeSessions: () => sessions.end(() => true),
    revokeConsumer(token: string) {
      consumers.delete(token)
      sessions.end((session) => session.consumerToken === token)
    },
    revokeEmployee(token: string) {
      employees.delete(token)
      sessions.end((session) => session.employee.token === token)
    },
    vouchers: () => vouchers,
  }
}

const SESSION = '/v2/token/session'

function routesOf(state: State): Route[] {
  const create = (method: string, fields: (call: Call) => Fields, status: number): Route => ({
    method,
    path: RegExp(`^${SESSION}/(?::|%3A)create$`, 'i'),
    token: true,
    answer: (call) => createSession(state, call, fields, status),
  })
  const data = (method: string, path: string, answer: (call: Call, company: number) => unknown): Route => ({
    method,
    path: RegExp(`^/v2/${path}$`),
    answer: (call) => withSession(state, call, (session) => answer(call, companyOf(call, session))),
  })
  return [
    create('POST', (call) => jsonFields(call, problem({ status: 415, code: 4000, message: 'JSON, please' })), 201),
    create('PUT', (call) => Object.fromEntries(call.query), 200),
    ...(state.refreshTokens.size > 0 ? [createFromRefreshToken(state)] : []),
    {
      method: 'DELETE',
      path: RegExp(`^${SESSION}/([^/]+)$`),
      answer: (call) => withSession(state, call, () => end(state, call)),
    },
    {
      method: 'GET',
      path: RegExp(`^${SESSION}/%3EwhoAmI$`, 'i'),
      answer: (call) => withSession(state, call, (session) => whoAmI(call, session)),
    },
    {
      method: 'GET',
      path: /^\/v2\/company\/%3EwithLoginAccess$/i,
      answer: (call) => withSession(state, call, ({ employee }) => list(companies(employee).map((id) => ({ id })))),
    },
    data('GET', 'customer', (_, company) => list([{ id: 1, name: `Kunde of ${company}` }])),
    data('GET', 'ledger/voucher', () => list(state.vouchers)),
    data('POST', 'ledger/voucher', (call, company) => {
      const fields = jsonFields(call, problem({ status: 422, code: 15000, message: 'Ugyldig JSON' }))
      const voucher = { ...fields, id: state.vouchers.length + 1, company }
      state.vouchers.push(voucher)
      return { value: voucher }
    }),
  ]
}

type Fields = Readonly<Record<string, unknown>>

function createSession(state: State, call: Call, fields: (call: Call) => Fields, status: number): Reply {
  const sent = fields(call)
  // The order is the parameters' own. A bad token is a bad argument, never a 401.
  if (typeof sent.consumerToken !== 'string' || !state.consumers.has(sent.consumerToken))
    return invalid('consumerToken')
  const employee = state.employees.get(String(sent.employeeToken ?? '')) ?? invalid('employeeToken')
  const expiresAt = midnight(sent.expirationDate)
  if (state.refusesConcurrent && call.concurrent.some((other) => mentions(other, employee.token))) conflict()
  const session = state.sessions.create(employee, sent.consumerToken, expiresAt)
  const place = `${state.url.replace('http://', '')}${SESSION}`
  const value = {
    id: session.id,
    version: 1,
    url: `${place}/${session.id}`,
    consumerToken: { id: 1754, url: `${place.replace('session', 'consumer')}/1754` },
    employeeToken: { id: employee.employeeId, url: `${place.replace('session', 'employee')}/${employee.employeeId}` },
    expirationDate: sent.expirationDate,
    token: session.token,
    encryptionKey: null,
  }
  return ok(status, { value })
}

const mentions = (call: Call, token: string) => call.body.includes(token) || [...call.query.values()].includes(token)

function createFromRefreshToken(state: State): Route {
  return {
    method: 'POST',
    path: RegExp(`^${SESSION}/(?::|%3A)createFromRefreshToken$`, 'i'),
    token: true,
    answer(call) {
      const sent = jsonFields(call, problem({ status: 415, code: 4000, message: 'JSON, please' }))
      const refreshToken = String(sent.refreshToken ?? '')
      const employee = state.refreshTokens.get(refreshToken) ?? invalid('refreshToken')
      const ttl = Number(sent.ttlSeconds)
      if (!(ttl > 0 && ttl <= MAX_TTL_SECONDS)) return invalid('ttlSeconds')
      if (state.refusesConcurrent && call.concurrent.some((other) => mentions(other, refreshToken))) conflict()
      return ok(201, { value: { token: state.sessions.create(employee, '', state.now() + ttl * 1000).token } })
    },
  }
}

/** Who calls, within the limit; what comes back is the body, of a 201 for a POST and a 204 when there is none. */
function withSession(state: State, call: Call, answer: (session: Session) => unknown): Reply {
  const credential = basicCredential(call) ?? unauthenticated()
  const session = state.sessions.find(credential.password) ?? unauthenticated()
  const { over, headers } = state.limit.take(`${session.consumerToken} ${session.employee.token}`)
  if (over) throw new Refused(problem({ status: 429, code: 429, message: 'For mange forespørsler.' }, headers))
  const body = answer(session)
  const reply = ok(body === undefined ? 204 : call.method === 'POST' ? 201 : 200, body)
  return { ...reply, headers: { ...reply.headers, ...headers } }
}

const companies = ({ companyId, clients = [] }: TripletexEmployee) => [companyId, ...clients]

/** The user name says in which company; an accountant has no own one to work in. */
function companyOf(call: Call, { employee }: Session): number {
  const username = basicCredential(call)?.username || '0'
  if (username === '0') return employee.accountant ? forbidden() : employee.companyId
  return companies(employee).find((id) => String(id) === username) ?? forbidden()
}

function whoAmI(call: Call, session: Session) {
  const { employeeId, accountant } = session.employee
  const username = basicCredential(call)?.username || '0'
  const companyId = username === '0' ? session.employee.companyId : companyOf(call, session)
  return {
    value: {
      employeeId,
      actualEmployeeId: employeeId,
      companyId,
      employee: { id: employeeId },
      company: { id: companyId },
      language: 'no',
      loggedInWithConnect: false,
      employeeIsProxy: accountant === true && username !== '0',
    },
  }
}

function end(state: State, call: Call): undefined {
  const token = decodeURIComponent(call.args[0] ?? '')
  state.sessions.end((session) => session.token === token)
}
