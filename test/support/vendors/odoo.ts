import { FIRST_KEY, type OdooKey, OdooKeys, type OdooUser } from './odoo_keys.ts'
import { jsonRpc, type Logins, xmlRpc } from './odoo_rpc.ts'
import { bearerToken } from './reading.ts'
import { type Call, openVendor, type Reply, type Route, type Vendor, type VendorOptions } from './vendor.ts'

export type { OdooKey, OdooUser } from './odoo_keys.ts'

export interface OdooOptions extends VendorOptions {
  /** `ODOO_KEY` of the user `webshop` when not given. */
  readonly keys?: readonly OdooKey[]
  /** `webshop` and `reports` when not given. */
  readonly users?: readonly OdooUser[]
  readonly settings?: Partial<OdooSettings>
}

/** Read at every request: change them while it runs. */
export interface OdooSettings {
  /** nginx's `underscores_in_headers`: off, it drops such headers before Odoo sees them. */
  underscoresInHeaders: boolean
  /** The company's option; off by default: the key of an archived user works on. */
  archivedUserDisablesKey: boolean
  /** Path below `/my-endpoint/` → groups of keys; null: any key. An empty list refuses every key. */
  endpoints: Record<string, readonly string[] | null>
  /** What `server_environment` provides: section `api_key_<tech_name>` → the value of its `key`. Wins over the table. */
  serverEnv: Record<string, string>
}

export interface Odoo extends Vendor {
  readonly settings: OdooSettings
  /** What Odoo writes into its log, one entry for each time. */
  readonly log: string[]
  /** Writes of the table: `key` and `user` empty the module's cache; `active`, and a deletion, do not. */
  writeKey(id: number, changes: Partial<OdooKey>): void
  addKey(key: OdooKey): void
  deleteKey(id: number): void
  /** Reads the table anew, as at a start. */
  restart(): void
  archiveUser(login: string, archived?: boolean): void
}

export const ODOO_KEY = FIRST_KEY.key
export const ODOO_RPC_KEY = '5f0c1e4ab97d26083f51c4de7a90b61d2c8e4f37'
export const ODOO_USERS: readonly OdooUser[] = [
  { login: 'webshop', password: 'webshop-password' },
  { login: 'reports', password: 'reports-password', rpcKeys: [ODOO_RPC_KEY] },
]

interface State {
  readonly settings: OdooSettings
  readonly keys: OdooKeys
  readonly logins: Logins
  readonly log: string[]
}

/** A stand-in for an Odoo behind its own nginx: routes with `auth='api_key'`, JSON-2, XML-RPC and JSON-RPC. */
export async function startOdoo(options: OdooOptions = {}): Promise<Odoo> {
  const settings: OdooSettings = {
    underscoresInHeaders: false,
    archivedUserDisablesKey: false,
    endpoints: { ping: null, orders: null, stock: ['stock'], closed: [] },
    serverEnv: {},
    ...options.settings,
  }
  const users = (options.users ?? ODOO_USERS).map((user) => ({ archived: false, ...user }))
  const keys = new OdooKeys(options.keys ?? [FIRST_KEY], users, settings)
  const state: State = { settings, keys, logins: new Map(users.map((user) => [user.login, user])), log: [] }
  const vendor = await openVendor({
    port: options.port,
    routes: () => routesOf(state),
    unknown: () => page(404, 'Not Found', 'The requested URL was not found on the server.'),
    outage: (status) => page(status, 'Outage', 'Outage'),
  })
  return {
    ...vendor,
    settings,
    log: state.log,
    writeKey: (id, changes) => keys.write(id, changes),
    addKey: (key) => keys.add(key),
    deleteKey: (id) => keys.delete(id),
    restart: () => keys.forget(),
    archiveUser(login, archived = true) {
      const user = users.find((one) => one.login === login)
      if (user === undefined) throw new Error(`no user ${login}`)
      user.archived = archived
      keys.forget()
    },
  }
}

function routesOf(state: State): Route[] {
  return [
    { method: '*', path: /^\/my-endpoint\/([a-z]+)$/, answer: (call) => endpoint(state, call) },
    { method: 'POST', path: /^\/json\/2\/([\w.]+)\/(\w+)$/, answer: (call) => json2(state, call) },
    { method: 'POST', path: /^\/xmlrpc\/2\/(common|object)$/, answer: (call) => xmlRpc(state.logins, call) },
    { method: 'POST', path: /^\/jsonrpc$/, answer: (call) => jsonRpc(state.logins, call) },
    { method: 'GET', path: /^\/web\/login$/, answer: () => page(200, 'Odoo', 'Log in') },
  ]
}

/** A route of somebody's module, with `auth='api_key'`; with groups it is one of `endpoint_auth_api_key`. */
function endpoint({ settings, keys, log }: State, call: Call): Reply {
  const name = call.args[0] as string
  const groups = settings.endpoints[name]
  if (groups === undefined) return page(404, 'Not Found', 'The requested URL was not found on the server.')
  const key = environ(call, settings).get('HTTP_API_KEY') ?? ''
  if (key === '') {
    log.push('Wrong HTTP_API_KEY, access denied')
    return accessDenied()
  }
  const found = keys.find(key)
  if (typeof found === 'string') {
    log.push(`Exception during request Authentication. Traceback: ${found}`)
    return accessDenied()
  }
  if (groups !== null && !groups.some((group) => found.groups?.includes(group))) {
    log.push(`API key ${found.id} not allowed on ${call.path}`)
    return page(403, 'Forbidden', 'You do not have the permission to access the requested resource.')
  }
  return { status: 200, body: { user: found.user, auth_api_key_id: found.id, method: call.method, endpoint: name } }
}

/** Odoo 19: the key of a user, as a bearer token (the scheme in any case). */
function json2({ logins }: State, call: Call): Reply {
  const user = [...logins.values()].find(
    ({ archived, rpcKeys }) => !archived && rpcKeys?.includes(bearerToken(call) ?? ''),
  )
  if (user === undefined)
    return {
      status: 401,
      headers: { 'WWW-Authenticate': 'bearer' },
      body: { name: 'werkzeug.exceptions.Unauthorized', message: 'Invalid apikey' },
    }
  const [model, method] = call.args
  return { status: 200, body: [{ id: 7, name: 'Azure Interior', model, method, user: user.login }] }
}

/** As WSGI has it (PEP 3333): `-` becomes `_`, so that two spellings are one variable; values that come twice are joined. */
function environ({ rawHeaders }: Call, { underscoresInHeaders }: OdooSettings): Map<string, string> {
  const variables = new Map<string, string>()
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
    if (name.includes('_') && !underscoresInHeaders) continue
    const variable = `HTTP_${name.toUpperCase().replaceAll('-', '_')}`
    const before = variables.get(variable)
    variables.set(variable, before === undefined ? value : `${before},${value}`)
  }
  return variables
}

const accessDenied = () => page(403, 'Forbidden', 'Access Denied')

function page(status: number, title: string, text: string): Reply {
  const body = `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n`
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body }
}
