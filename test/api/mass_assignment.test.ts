import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AccountPassword } from '../../src/api/account_schemas.ts'
import { NewClient } from '../../src/api/client_schemas.ts'
import { ConnectorApp, ConnectSessionWithUrl } from '../../src/api/connect_session_schemas.ts'
import { Email } from '../../src/api/email_schemas.ts'
import { Group } from '../../src/api/group_schemas.ts'
import { Identity } from '../../src/api/identity_schemas.ts'
import { Issuer } from '../../src/api/issuer_schemas.ts'
import { ApiKey, NewKey } from '../../src/api/key_schemas.ts'
import { Organization } from '../../src/api/organization_schemas.ts'
import { NewRoute } from '../../src/api/route_schemas.ts'
import { Connection } from '../../src/api/schemas.ts'
import { SignInMethodAnswer } from '../../src/api/sign_in_method_schemas.ts'
import { WebhookWithSecret } from '../../src/api/webhook_schemas.ts'
import { OIDC } from './sign_in_methods.ts'
import { connectionBody, expectFields, type OperationName, operationNamed, startWorld, type World } from './world.ts'

/** T23: what an answer shows is not for that reason something that can be sent. */

let world: World
const ids: Record<string, string> = {}
beforeAll(async () => {
  world = await startWorld()
  ids.keys = (await world.newKey()).id
  ids.connections = await world.newConnection()
  ids.accounts = 'administrator'
  ids['connector-apps'] = 'tripletex'
  await world.must('connector-apps.set', { params: { id: 'tripletex' }, body: APP })
  ids['connect-sessions'] = (await world.must('connect-sessions.create', { body: { connector: 'tripletex' } })).id
  for (const noun of ['groups', 'routes', 'issuers', 'organizations', 'sign-in-methods', 'clients'] as const) {
    ids[noun] = (await world.must(`${noun}.create`, { body: GOOD[`${noun}.create`] })).id
  }
  for (const noun of ['identities', 'emails']) ids[noun] = PERSON.id
  await world.must('accounts.create', { body: PERSON })
  ids.webhooks = (await world.must('webhooks.create', { body: { url: 'https://example.org/' } })).id
})
afterAll(() => world.stop())

const HIDDEN = [
  ...['hash', 'key_hash', 'key_id', 'secret_hash', 'secrets_version', 'data_key_id', 'sealed', 'account_id'],
  ...['password_hash', 'inherits_groups', 'cors_origins', 'mode', 'kinds', 'member_ids'],
]
const FOREIGN = ['userId', 'role', 'admin', 'is_admin', 'owner', 'organization', 'constructor', 'toString', 'password']

const PERSON = { id: 'ada', kind: 'person', name: 'Ada' }
const APP = { secrets: { consumer_key: 'a-consumer-token' } }

/** Bodies that would be taken. */
const GOOD: Partial<Record<OperationName, object>> = {
  'keys.create': { name: 'Good' },
  'keys.import': { name: 'Good', secret: 'imported-0123456789-mass' },
  'keys-import.batch': { keys: [{ name: 'Good', secret: 'imported-0123456789-many' }] },
  'keys.update': { name: 'Good' },
  'keys.rotate': {},
  'accounts.create': { kind: 'service', name: 'Good' },
  'accounts.update': { name: 'Good' },
  'accounts.set_password': {},
  'accounts.import': { accounts: [{ id: 'good', name: 'Good' }] },
  'accounts.invite': {},
  'accounts.reset_password': {},
  'groups.create': { name: 'Good' },
  'groups.update': { name: 'Good' },
  'routes.create': { host: 'good.example.org', path: '/', accept: { any: ['api_key'] } },
  'routes.update': { name: 'Good' },
  'issuers.create': { issuer: 'good', audience: 'octroi', jwks_uri: 'https://keys.example.org/' },
  'issuers.update': { name: 'Good' },
  'organizations.create': { label: 'Good' },
  'organizations.update': { label: 'Good' },
  'sign-in-methods.create': OIDC,
  'sign-in-methods.update': { name: 'Good' },
  'clients.create': { name: 'Good', redirect_uris: ['https://good.example.org/'] },
  'clients.update': { name: 'Good' },
  'clients.rotate': {},
  'identities.create': { method: 'corporate', subject: 'good' },
  'emails.set': { address: 'good@example.org' },
  'connections.create': connectionBody('http://127.0.0.1:9'),
  'connections.update': { name: 'Good' },
  'connections.next': { secrets: null },
  'connections.switch': {},
  'connections.test': {},
  'connector-apps.set': APP,
  'connect-sessions.create': { connector: 'tripletex' },
  'connect-sessions.redeem': { code: 'a-code' },
  'webhooks.create': { url: 'https://example.org/' },
  'webhooks.update': { name: 'Good' },
  'webhooks.rotate': {},
  'webhooks.activate': {},
}
const SHOWN = {
  keys: { ...ApiKey.shape, ...NewKey.shape },
  accounts: AccountPassword.shape,
  groups: Group.shape,
  routes: NewRoute.shape,
  issuers: Issuer.shape,
  connections: Connection.shape,
  'connector-apps': ConnectorApp.shape,
  'connect-sessions': ConnectSessionWithUrl.shape,
  webhooks: WebhookWithSecret.shape,
  organizations: Organization.shape,
  'sign-in-methods': SignInMethodAnswer.shape,
  clients: NewClient.shape,
  identities: Identity.shape,
  emails: Email.shape,
}

/** What belongs to an account is read as a list. */
const READ: Readonly<Record<string, OperationName>> = { identities: 'identities.list', emails: 'emails.list' }

describe.each(Object.entries(GOOD) as [OperationName, object][])('%s', (name, good) => {
  const noun = name.split('.')[0]?.replace('keys-import', 'keys') as keyof typeof SHOWN
  const { body } = operationNamed(name) as { body: { shape?: object; unwrap?: () => { shape: object } } }
  const known = Object.keys(body.shape ?? body.unwrap?.().shape ?? {})
  const forbidden = [...new Set([...Object.keys(SHOWN[noun]), ...HIDDEN, ...FOREIGN, 'secret', 'key'])].filter(
    (field) => !known.includes(field),
  )

  it.each(forbidden)('400 with the field %s, and nothing is changed', async (field) => {
    const params = { id: ids[noun] as string }
    const read = READ[noun] ?? (`${noun}.get` as OperationName)
    const before = await world.must(read, { params })
    for (const value of ['x', null, true]) {
      expectFields(await world.call(name, { params, body: { ...good, [field]: value } }), field)
    }
    const { last_used_at: _, ...after } = await world.must(read, { params })
    expect(before).toMatchObject(after)
  })
})

describe('what stands inside', () => {
  const SECRET = { kty: 'oct', k: 'c2VjcmV0' }
  it.each<[OperationName, object, string]>([
    ['routes.update', { accept: { any: ['jwt'], mode: 'all' } }, 'accept.mode'],
    ['routes.update', { allow: { everybody: true } }, 'allow.everybody'],
    ['routes.update', { allow: { authenticated: false, permissions: ['*'] } }, 'allow.permissions'],
    ['routes.update', { cors: { origins: [], credentials: true } }, 'cors.credentials'],
    ['issuers.update', { jwks: { keys: [SECRET], secret: 'x' } }, 'jwks.secret'],
    ['issuers.update', { network: { proxy: 'http://localhost' } }, 'network.proxy'],
    ['groups.update', { grants: [{ connection: 'a', allow: [], permissions: ['*'] }] }, 'grants.0.permissions'],
    ['accounts.update', { grants: [{ connection: 'a', allow: [], account: 'b' }] }, 'grants.0.account'],
    ['clients.update', { allow: { permissions: ['*'] } }, 'allow.permissions'],
    ['clients.update', { token: { enabled: false, permissions: ['*'] } }, 'token.permissions'],
    ['clients.update', { roles: [{ group: 'good', role: 'x', permissions: ['*'] }] }, 'roles.0.permissions'],
    ['sign-in-methods.update', { network: { proxy: 'http://localhost' } }, 'network.proxy'],
    ['sign-in-methods.update', { settings: { __constructor: 'x' } }, 'settings.__constructor'],
    ['accounts.import', { accounts: [{ name: 'x', id: 'x', grants: [] }] }, 'accounts.0.grants'],
    ['keys-import.batch', { keys: [{ name: 'x', secret: 'imported-0123456789-rows', id: 'mine' }] }, 'keys.0.id'],
  ])('400 from %s with %j', async (name, body, field) => {
    const noun = name.split('.')[0] as string
    const answer = await world.call(name, { params: { id: ids[noun] ?? '' }, body })
    expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' })
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toContain(field)
  })
})

describe('every operation with a body', () => {
  it('is in the table above', async () => {
    const { OPERATIONS } = await import('../../src/api/index.ts')
    const withBody = OPERATIONS.filter((operation) => 'body' in operation).map(({ name }) => name)
    expect(withBody.sort()).toEqual(Object.keys(GOOD).sort())
  })
})
