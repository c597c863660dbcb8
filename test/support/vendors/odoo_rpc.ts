import { XMLParser } from 'fast-xml-parser'
import type { OdooUser } from './odoo_keys.ts'
import type { Call, Reply } from './vendor.ts'

/** Odoo's own interfaces, where the credential stands in the body: a password, or a key of the user in its place. */
export type Logins = ReadonlyMap<string, OdooUser>

const PARTNERS = [{ id: 7, name: 'Azure Interior' }]

/** The user's id is his place in the table, from 2 on, as after an installation. */
const idOf = (logins: Logins, login: string) => [...logins.keys()].indexOf(login) + 2

function isCredential({ archived, password, rpcKeys = [] }: OdooUser, sent: unknown): boolean {
  return !archived && (sent === password || rpcKeys.includes(String(sent)))
}

/** `common.authenticate(db, login, password, agent)` → the user's id, or false. */
function authenticate(logins: Logins, [, login, password]: readonly unknown[]): number | false {
  const user = logins.get(String(login))
  return user !== undefined && isCredential(user, password) && idOf(logins, user.login)
}

/** `object.execute_kw(db, uid, password, model, method, args)`; null: access denied. */
function execute(logins: Logins, [, uid, password]: readonly unknown[]): typeof PARTNERS | null {
  const user = [...logins.values()].find(({ login }) => idOf(logins, login) === Number(uid))
  return user !== undefined && isCredential(user, password) ? PARTNERS : null
}

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'param' })

export function xmlRpc(logins: Logins, call: Call): Reply {
  const { methodCall } = parser.parse(call.body)
  const params = (methodCall?.params?.param ?? []).map(({ value }: { value: unknown }) => scalar(value))
  if (call.args[0] === 'common') {
    const uid = authenticate(logins, params)
    return xml(uid === false ? '<boolean>0</boolean>' : `<int>${uid}</int>`)
  }
  const rows = execute(logins, params)
  if (rows === null) return fault(3, 'Access Denied')
  return xml(
    `<array><data>${rows.map(({ name }) => `<value><string>${name}</string></value>`).join('')}</data></array>`,
  )
}

/** `<value><int>2</int></value>` and `<value>text</value>`; what is composed is not looked at here. */
function scalar(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Object.values(value)[0] : value
}

const xml = (value: string): Reply => answer(`<params><param><value>${value}</value></param></params>`)
const fault = (code: number, text: string): Reply =>
  answer(
    `<fault><value><struct><member><name>faultCode</name><value><int>${code}</int></value></member>` +
      `<member><name>faultString</name><value><string>${text}</string></value></member></struct></value></fault>`,
  )
const answer = (inside: string): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'text/xml' },
  body: `<?xml version='1.0'?>\n<methodResponse>${inside}</methodResponse>\n`,
})

/** Errors come inside a 200. */
export function jsonRpc(logins: Logins, call: Call): Reply {
  const { id = null, params = {} } = JSON.parse(call.body)
  const { service, args = [] } = params
  const result = service === 'common' ? authenticate(logins, args) : execute(logins, args)
  if (result !== null) return { status: 200, body: { jsonrpc: '2.0', id, result } }
  const data = { name: 'odoo.exceptions.AccessDenied', message: 'Access Denied' }
  return { status: 200, body: { jsonrpc: '2.0', id, error: { code: 200, message: 'Odoo Server Error', data } } }
}
