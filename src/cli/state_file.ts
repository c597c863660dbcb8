import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { AccountCreate } from '../api/account_schemas.ts'
import { ClientAllow, ClientToken, ClientWhole } from '../api/client_schemas.ts'
import { ConnectorAppSet } from '../api/connect_session_schemas.ts'
import { GroupCreate } from '../api/group_schemas.ts'
import { IssuerCreate } from '../api/issuer_schemas.ts'
import { KeyCreate } from '../api/key_schemas.ts'
import { OrganizationCreate } from '../api/organization_schemas.ts'
import { RouteCreate } from '../api/route_schemas.ts'
import { ConnectionCreate, Id, Name } from '../api/schemas.ts'
import { SignInMethodCreate } from '../api/sign_in_method_schemas.ts'
import { WebhookCreate } from '../api/webhook_schemas.ts'
import { ConfigurationError } from '../core/errors.ts'
import { hasReference, referenceFaults } from './state_secrets.ts'

/** `state.yaml`: what the API takes to make each thing, plus the ids by which a thing is found again. */

const Group = GroupCreate.extend({ id: Id })

const Account = AccountCreate.extend({
  id: Id,
  kind: AccountCreate.shape.kind.default('service'),
  disabled: z.boolean().default(false),
  password: z.string().optional(),
})

const Connection = ConnectionCreate.omit({ verify: true }).extend({
  id: Id,
  // Only read when they are sent, which is not every time.
  secrets: ConnectionCreate.shape.secrets.default({}),
})

/** What connections of the connector share; known by its connector. */
const App = ConnectorAppSet.extend({ connector: Id, secrets: ConnectorAppSet.shape.secrets.default({}) })

/** A key is known by its account and name; one with a secret is taken over (`octroi key import`), not made. */
const Key = KeyCreate.extend({
  account: Id,
  disabled: z.boolean().default(false),
  secret: z.string().optional(),
  allow_weak: z.boolean().default(false),
  // What is not said is the same everywhere, whatever the installation takes for granted.
  usable_when_owner_inactive: z.boolean().default(false),
})

const KeyReference = z.union([Id, z.strictObject({ account: Id, name: Name })], {
  error: 'must be a key as {account: ..., name: ...}, or the id of one at the server',
})

const Allow = RouteCreate.shape.allow.unwrap().extend({ keys: z.array(KeyReference).max(1_000).default([]) })

const Route = RouteCreate.extend({ id: Id, allow: Allow.prefault({}) })

const Issuer = IssuerCreate.extend({ id: Id })

/** One without a secret gets one where it is made or moved, shown once. */
const Webhook = WebhookCreate.extend({ id: Id, secret: z.string().optional() })

const Organization = OrganizationCreate.extend({ id: Id })

const SignInMethod = SignInMethodCreate.extend({ id: SignInMethodCreate.shape.id.unwrap() })

/** Its secret is made by the server. */
/** What is left out is what an administrator's client has where he says nothing. */
const Client = ClientWhole.extend({
  id: Id,
  allow: ClientAllow.default({ accounts: [], groups: [], organizations: [], authenticated: true }),
  token: ClientToken.prefault({}),
})

/** Lists that came later are optional: a file from before them says nothing of what they hold. */
const StateFile = z.strictObject({
  groups: z.array(Group).optional(),
  accounts: z.array(Account).default([]),
  organizations: z.array(Organization).optional(),
  sign_in_methods: z.array(SignInMethod).optional(),
  apps: z.array(App).optional(),
  connections: z.array(Connection).default([]),
  keys: z.array(Key).default([]),
  issuers: z.array(Issuer).optional(),
  clients: z.array(Client).optional(),
  routes: z.array(Route).optional(),
  webhooks: z.array(Webhook).optional(),
})

export type StateFile = z.output<typeof StateFile>
export type AccountEntry = StateFile['accounts'][number]
export type AppEntry = NonNullable<StateFile['apps']>[number]
export type ClientEntry = NonNullable<StateFile['clients']>[number]
export type ConnectionEntry = StateFile['connections'][number]
export type GroupEntry = NonNullable<StateFile['groups']>[number]
export type IssuerEntry = NonNullable<StateFile['issuers']>[number]
export type OrganizationEntry = NonNullable<StateFile['organizations']>[number]
export type SignInMethodEntry = NonNullable<StateFile['sign_in_methods']>[number]
export type KeyReference = z.output<typeof KeyReference>
export type NamedKey = Exclude<KeyReference, string>
export type RouteEntry = NonNullable<StateFile['routes']>[number]
export type KeyEntry = StateFile['keys'][number]
export type WebhookEntry = NonNullable<StateFile['webhooks']>[number]

type Path = readonly (string | number)[]

interface Fault {
  readonly path: Path
  readonly message: string
}

/** Throws `ConfigurationError` with every fault of the file at once, each with its line. */
export function parseState(text: string, file: string): StateFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const broken = document.errors.map(({ message }) => `${file}: ${message.split('\n', 1)[0]}`)
  if (broken.length > 0) throw new ConfigurationError(broken)
  const data: unknown = document.toJS() ?? {}
  const result = StateFile.safeParse(data)
  const faults = [
    ...misplacedReferences(data, []),
    ...(result.success ? duplicates(result.data) : result.error.issues.flatMap(faultsOf)),
  ]
  if (result.success && faults.length === 0) return result.data
  throw new ConfigurationError(
    faults.map(({ path, message }) => {
      const node = document.getIn(path, true) as { range?: readonly number[] } | undefined
      const line = node?.range?.[0] === undefined ? '' : ` (line ${lines.linePos(node.range[0]).line})`
      return `${file}: ${path.join('.') || 'the file'}: ${message}${line}`
    }),
  )
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path as Path
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => ({ path: [...path, key], message: 'is not a known field' }))
}

/**
 * D11: a reference stands in a secret field or nowhere. Elsewhere what it names would be sent to be shown, or as part of an
 * address; and Octroi's own variables are sent nowhere.
 */
function misplacedReferences(value: unknown, path: Path): Fault[] {
  if (typeof value === 'string') {
    if (isSecretField(path)) return referenceFaults(value).map((message) => ({ path, message }))
    return hasReference(value) ? [{ path, message: `takes no reference (\${env:}, \${file:}): only secrets do` }] : []
  }
  if (value === null || typeof value !== 'object') return []
  const entries = Array.isArray(value) ? value.map((item, i) => [i, item] as const) : Object.entries(value)
  return entries.flatMap(([name, item]) => [
    ...(typeof name === 'string' && hasReference(name) ? [{ path, message: 'has a reference for a name' }] : []),
    ...misplacedReferences(item, [...path, name]),
  ])
}

/** Lists whose entries have one secret, by its name. */
const SECRET_FIELD: Readonly<Record<string, string>> = { accounts: 'password', keys: 'secret', webhooks: 'secret' }

function isSecretField([list, , field, name, ...more]: Path): boolean {
  if (more.length > 0) return false
  if (list === 'connections' || list === 'apps' || list === 'sign_in_methods')
    return field === 'secrets' && name !== undefined
  return field !== undefined && field === SECRET_FIELD[list as string] && name === undefined
}

function duplicates(file: StateFile): Fault[] {
  const byId = [
    ...(['groups', 'accounts', 'organizations', 'sign_in_methods', 'connections'] as const),
    ...(['issuers', 'clients', 'routes', 'webhooks'] as const),
  ]
  return [
    ...repeated(
      'apps',
      (file.apps ?? []).map(({ connector }) => connector),
    ),
    ...repeated(
      'keys',
      file.keys.map(({ account, name }) => `${account} ${name}`),
    ),
    ...byId.flatMap((list) =>
      repeated(
        list,
        (file[list] ?? []).map(({ id }) => id),
      ),
    ),
  ]
}

function repeated(list: string, ids: readonly string[]): Fault[] {
  return ids.flatMap((id, i) => {
    const first = ids.indexOf(id)
    return first === i ? [] : [{ path: [list, i], message: `is there twice (see ${list}.${first})` }]
  })
}
