import { basicCredential, bearerToken, formFields } from './reading.ts'
import type { Call, Reply, Route } from './vendor.ts'

/** What these logins accept. */
export const POWEROFFICE = { applicationKey: 'po-app-4d1e', clientKey: 'po-client-77ac' }
export const CHORUS = {
  clientId: 'piste-client-1',
  clientSecret: 'piste-secret-9d',
  login: 'TECH_1@cpro.example',
  password: 'p:w',
}
export const MEMBERCARE = { clientApiKey: 'mc-key-20aa', person: '1042' }

/** The tokens of the server; each login gives its own kind. */
export interface KnownTokens {
  /** A new one and when it ends. */
  issue(kind: string, seconds: number): { token: string; endsAt: number }
  alive(kind: string, token: string | undefined): boolean
}

const refused = (status: number, error: string): Reply => ({ status, body: { error } })

/** PowerOffice Go v1: client credentials by Basic, a capital path, under ten minutes. */
export function powerOfficeRoutes(tokens: KnownTokens): Route[] {
  const login = (call: Call): Reply => {
    const form = formFields(call, refused(400, 'invalid_request'))
    const client = basicCredential(call)
    if (client?.username !== POWEROFFICE.applicationKey || client.password !== POWEROFFICE.clientKey)
      return refused(400, 'invalid_client')
    if (form.get('grant_type') !== 'client_credentials') return refused(400, 'unsupported_grant_type')
    const { token } = tokens.issue('poweroffice', 599)
    const refresh = tokens.issue('poweroffice refresh', 86_400).token
    return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: 599, refresh_token: refresh } }
  }
  return [
    { method: 'POST', path: /^\/OAuth\/Token$/, token: true, answer: login },
    {
      method: 'GET',
      path: /^\/customer$/,
      answer: (call) =>
        tokens.alive('poweroffice', bearerToken(call))
          ? { status: 200, body: { success: true, data: [{ id: 1 }] } }
          : refused(401, 'unauthorized'),
    },
  ]
}

/** Chorus Pro behind PISTE: the token opens the door, `cpro-account` says who; business errors are 200s. */
export function chorusRoutes(tokens: KnownTokens): Route[] {
  const login = (call: Call): Reply => {
    const form = formFields(call, refused(400, 'invalid_request'))
    if (form.get('client_id') !== CHORUS.clientId || form.get('client_secret') !== CHORUS.clientSecret)
      return refused(401, 'invalid_client')
    if (form.get('grant_type') !== 'client_credentials') return refused(400, 'unsupported_grant_type')
    if (form.get('scope') !== 'openid') return refused(400, 'invalid_scope')
    const { token } = tokens.issue('chorus', 3600)
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: 3600, scope: 'openid' } }
  }
  const account = Buffer.from(`${CHORUS.login}:${CHORUS.password}`).toString('base64')
  const search = (call: Call): Reply => {
    if (!tokens.alive('chorus', bearerToken(call))) return refused(401, 'invalid_token')
    if (call.header('cpro-account') !== account) return refused(403, 'cpro-account')
    const found = call.body.includes('structure')
    return { status: 200, body: found ? { codeRetour: 0, libelle: 'GCU_MSG_01_000' } : { codeRetour: 20_001 } }
  }
  return [
    { method: 'POST', path: /^\/api\/oauth\/token$/, token: true, answer: login },
    { method: 'POST', path: /^\/cpro\/structures\/v1\/rechercher$/, answer: search },
  ]
}

/** Membercare: a GET with the key in the query, an expiry without a zone, and a header called `token`. */
export function membercareRoutes(tokens: KnownTokens): Route[] {
  const login = ({ query }: Call): Reply => {
    const known = query.get('clientApiKey') === MEMBERCARE.clientApiKey
    if (!known || query.get('personToImpersonate') !== MEMBERCARE.person) return refused(401, 'unknown key or person')
    const { token, endsAt } = tokens.issue('membercare', 3600)
    const expiration = new Date(endsAt).toISOString().replace(/\.\d+Z$/, '')
    return { status: 200, body: { value: token, expiration } }
  }
  return [
    { method: 'GET', path: /^\/api\/v1\/token$/, token: true, answer: login },
    {
      method: 'GET',
      path: /^\/api\/v1\/members$/,
      answer: (call) =>
        tokens.alive('membercare', call.header('token')) ? { status: 200, body: [{ id: 1 }] } : refused(401, 'token'),
    },
  ]
}
