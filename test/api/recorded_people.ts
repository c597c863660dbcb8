import { addConsent, addSession, addTotp } from './people.ts'
import { LDAP, OIDC } from './sign_in_methods.ts'
import type { Call, OperationName, World } from './world.ts'

type Example = [OperationName, Call | (() => Promise<Call>), string]

const PERSON = { id: 'ada', kind: 'person', name: 'Ada' }

/** A call of every operation on what belongs to people, in an order in which each succeeds. */
export function peopleExamples(world: World): Example[] {
  const ada = { params: { id: 'ada' } }
  const corp = { params: { id: 'corp' } }
  const town = { params: { id: 'town' } }
  const member = { params: { id: 'town', account: 'ada' } }
  const app = { params: { id: 'app' } }
  const about = 'account:ada'
  return [
    ['sign-in-methods.create', { body: { ...OIDC, ...corp.params } }, 'sign-in-method:corp'],
    ['sign-in-methods.update', { ...corp, body: { name: 'Other' } }, 'sign-in-method:corp'],
    ['sign-in-methods.test', corp, 'sign-in-method:corp'],
    ['organizations.create', { body: { ...town.params, label: 'Town' } }, 'organization:town'],
    ['organizations.update', { ...town, body: { label: 'Other' } }, 'organization:town'],
    ['organizations.add_member', () => withPerson(world, member), 'organization:town'],
    ['organizations.remove_member', member, 'organization:town'],
    [
      'clients.create',
      { body: { ...app.params, name: 'App', redirect_uris: ['https://a.example.org/'] } },
      'client:app',
    ],
    ['clients.update', { ...app, body: { name: 'Other' } }, 'client:app'],
    ['clients.rotate', app, 'client:app'],
    ['clients.delete', app, 'client:app'],
    ['identities.create', { ...ada, body: { method: 'corp', subject: 'x' } }, about],
    ['identities.delete', () => anIdentity(world), about],
    ['emails.set', { ...ada, body: { address: 'ada@example.org' } }, about],
    ['emails.delete', { params: { ...ada.params, address: 'ada@example.org' } }, about],
    ['factors.delete', async () => aFactor(world), about],
    ['accounts.applications_delete', () => anAccess(world), about],
    ['sessions.delete', async () => aSession(world), 'session:signed-in'],
    ['sessions.delete_all', ada, about],
    ['organizations.delete', town, 'organization:town'],
    ['sign-in-methods.delete', corp, 'sign-in-method:corp'],
  ]
}

async function withPerson(world: World, call: Call): Promise<Call> {
  await world.must('accounts.create', { body: PERSON })
  return call
}

async function anIdentity(world: World): Promise<Call> {
  await world.must('sign-in-methods.create', { body: { ...LDAP, id: 'directory' } })
  const body = { method: 'directory', subject: 'x' }
  const { id } = await world.must('identities.create', { params: { id: 'ada' }, body })
  return { params: { id: 'ada', identity: id } }
}

function aFactor(world: World): Call {
  addTotp(world, 'phone', 'ada')
  return { params: { id: 'ada', factor: 'phone' } }
}

async function anAccess(world: World): Promise<Call> {
  const body = { id: 'known', name: 'Known', redirect_uris: ['https://k.example.org/'] }
  await world.must('clients.create', { body })
  addConsent(world, 'ada', 'known')
  return { params: { id: 'ada', client: 'known' } }
}

function aSession(world: World): Call {
  addSession(world, 'signed-in', 'ada')
  return { params: { id: 'signed-in' } }
}
