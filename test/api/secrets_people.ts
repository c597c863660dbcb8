import { addConsent, addPasskey, addRecoveryCode, addSession, addSessionClient, addTotp } from './people.ts'
import { OIDC } from './sign_in_methods.ts'
import type { Call, OperationName, World } from './world.ts'

type Caller = (name: OperationName, call?: Call) => Promise<void>

/** Every operation on what belongs to people, well and badly called, with secrets in all places where one may be given or kept. */
export async function callPeople(world: World, call: Caller, secret: (what: string) => string): Promise<void> {
  const ada = { params: { id: 'ada' } }
  await call('accounts.create', { body: { ...ada.params, kind: 'person', name: 'Ada' } })
  await callMethods(call, secret)
  await callOrganizations(call)
  await callClients(call, secret)
  const person = { password: secret('x'), secret: secret('x') }
  await call('identities.create', { ...ada, body: { method: 'corp', subject: 'sub' } })
  await call('identities.create', { ...ada, body: { method: 'corp', subject: 'sub', ...person } })
  const { items } = await world.must('identities.list', ada)
  await call('identities.list', ada)
  await call('identities.delete', { params: { ...ada.params, identity: items[0].id } })
  await call('emails.set', { ...ada, body: { address: 'ada@example.org' } })
  await call('emails.set', { ...ada, body: { address: 'ada@example.org', ...person } })
  await call('emails.list', ada)
  await call('emails.delete', { params: { ...ada.params, address: 'ada@example.org' } })
  addTotp(world, 'phone', 'ada')
  addPasskey(world, 'laptop', 'ada')
  addRecoveryCode(world, 'ada', secret('x'))
  await call('factors.list', ada)
  await call('factors.delete', { params: { ...ada.params, factor: 'phone' } })
  for (const id of ['one', 'two']) addSession(world, id, 'ada', { token_hash: secret(`x-${id}`), sealed: secret('x') })
  const known = { id: 'known', name: 'Known', redirect_uris: ['https://k.example.org/'] }
  await world.must('clients.create', { body: known })
  addConsent(world, 'ada', 'known')
  addSessionClient(world, 'one', 'known')
  await call('accounts.applications_list', ada)
  await call('accounts.applications_delete', { params: { ...ada.params, client: 'known' } })
  await call('sessions.list')
  await call('sessions.get', { params: { id: 'one' } })
  await call('sessions.delete', { params: { id: 'one' } })
  await call('sessions.delete_all', ada)
}

async function callMethods(call: Caller, secret: (what: string) => string): Promise<void> {
  const corp = { params: { id: 'corp' } }
  const secrets = { client_secret: secret('method') }
  await call('sign-in-methods.create', { body: { ...OIDC, ...corp.params, secrets } })
  await call('sign-in-methods.create', { body: { ...OIDC, secrets: { ...secrets, wrong: secret('wrong') } } })
  await call('sign-in-methods.create', { body: { ...OIDC, secrets: secret('shape') } })
  const settings = { ...OIDC.settings, token_endpoint_auth_method: 'private_key_jwt' }
  await call('sign-in-methods.create', { body: { ...OIDC, settings, secrets: { private_key: secret('pem') } } })
  await call('sign-in-methods.update', { ...corp, body: { secrets: { client_secret: secret('method-new') } } })
  await call('sign-in-methods.update', { ...corp, body: { secrets: { other: secret('wrong') } } })
  await call('sign-in-methods.list')
  await call('sign-in-methods.get', corp)
  await call('sign-in-methods.test', corp)
  await call('sign-in-methods.delete', { params: { id: 'passkey' } })
}

async function callOrganizations(call: Caller): Promise<void> {
  const town = { params: { id: 'town' } }
  const member = { params: { id: 'town', account: 'ada' } }
  await call('organizations.create', { body: { ...town.params, label: 'Town' } })
  await call('organizations.list')
  await call('organizations.get', town)
  await call('organizations.update', { ...town, body: { label: 'Other' } })
  await call('organizations.add_member', member)
  await call('organizations.members', town)
  await call('organizations.remove_member', member)
  await call('organizations.delete', town)
}

async function callClients(call: Caller, secret: (what: string) => string): Promise<void> {
  const app = { params: { id: 'app' } }
  const body = { ...app.params, name: 'App', redirect_uris: ['https://a.example.org/'] }
  const once = { body, headers: { 'Idempotency-Key': secret('idempotency') } }
  await call('clients.create', once)
  await call('clients.create', once)
  await call('clients.create', { body: { ...body, client_secret: secret('x') } })
  await call('clients.list')
  await call('clients.get', app)
  await call('clients.update', { ...app, body: { name: 'Other', client_secret: secret('x') } })
  await call('clients.update', { ...app, body: { name: 'Other' } })
  await call('clients.rotate', { ...app, headers: { 'Idempotency-Key': secret('idempotency') } })
  await call('clients.delete', app)
}
