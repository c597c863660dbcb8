import { createHash, createSecretKey } from 'node:crypto'
import type { Session } from '../../src/core/people_types.ts'
import { generateKey } from '../../src/inbound/key_format.ts'
import { ClientApplications } from '../../src/sign_in/applications/applications.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import type { TowardsApp } from '../../src/sign_in/towards.ts'
import type { OpenStore } from '../../src/store/open.ts'
import { client, organization, session } from '../store/people_rows.ts'
import type { EngineName, Places } from '../store/places.ts'
import { group } from '../store/program_rows.ts'
import { account } from '../store/rows.ts'

/** An application, somebody who is signed in, and whom it knows; on a real store. */

export const START = Date.parse('2026-01-01T01:00:00.000Z')
export const CALLBACK = 'https://app.example.org/callback?from=octroi'
export const VERIFIER = 'a-verifier-of-forty-three-characters-or-more-0123'
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
export const SECRET = `ocs_${'s'.repeat(43)}`
export const GRANTS = [{ connection: 'paheko', allow: ['GET /**'] }]
const hashSecret = (secret: string) => `hash of ${secret}`

export const APP = client('app', {
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: ['https://app.example.org/bye'],
  allow: { accounts: ['zoe'], groups: ['staff'], organizations: ['town'], authenticated: false },
  roles: [
    { group: 'boss', role: 'ADMIN' },
    { group: 'staff', role: 'EDITOR' },
  ],
  default_role: 'USER',
  token: { enabled: true, grants: GRANTS, ttl_s: 3_600 },
  token_in_query: false,
  mfa: false,
  methods: [],
  disabled_at: null,
})
export const SESSION: Session = session('s1', 'zoe', { organization: 'town' })
export const TOWARDS: TowardsApp = {
  kind: 'app',
  client: 'app',
  redirectUri: CALLBACK,
  state: 'the state',
  challenge: CHALLENGE,
}
export interface Scene {
  readonly open: OpenStore
  /** What the log warned of. */
  readonly warnings: object[]
  /** Milliseconds since the epoch; may be moved. */
  now: number
  /** `on`: another handle on the same store is what another process would have. */
  applications(on?: OpenStore): ClientApplications
  /** Those that are not revoked. */
  keys(): Promise<readonly { readonly id: string; readonly expires_at: string | null }[]>
}

export async function openScene(places: Places, engine: EngineName): Promise<Scene> {
  const open = await places.openFresh(engine)
  await fill(open)
  const scene: Scene = {
    open,
    warnings: [],
    now: START,
    applications: (on = open) => applicationsOn(on, scene),
    keys: async () => (await open.store.keys.list({ limit: 100 })).filter(({ revoked_at }) => revoked_at === null),
  }
  return scene
}

function applicationsOn({ store, activity }: OpenStore, scene: Scene): ClientApplications {
  const key = createSecretKey(Buffer.alloc(32, 7))
  const sealer = {
    seal: (plain: Uint8Array, place: string) => JSON.stringify([place, Buffer.from(plain).toString('base64')]),
    open: (sealed: string, place: string) => {
      const [sealedAt, text] = JSON.parse(sealed) as [string, string]
      if (sealedAt !== place) throw new Error('moved')
      return Buffer.from(text, 'base64')
    },
  }
  return new ClientApplications({
    store,
    activity,
    secrets: new PeopleSecrets(key, sealer),
    keys: { generate: generateKey, hash: (text) => createHash('sha256').update(text).digest('base64url') },
    environment: 'test',
    publicUrl: 'https://gate.example.org',
    hashSecret,
    now: () => scene.now,
    log: { warn: (fields) => scene.warnings.push(fields) },
  })
}

async function fill({ store }: OpenStore): Promise<void> {
  for (const id of ['staff', 'boss']) await store.groups.insert(group(id))
  await store.accounts.insert(account('zoe', { kind: 'person', email: 'Zoé@example.org', groups: ['staff'] }))
  await store.accounts.insert(account('max', { kind: 'person' }))
  await store.organizations.insert(organization('town', { siret: '21750001600019', groups: ['boss'] }))
  await store.clients.insert(APP, hashSecret(SECRET))
  await store.clients.insert({ ...APP, id: 'other', name: 'Other' }, hashSecret(`ocs_${'o'.repeat(43)}`))
  await store.sessions.insert(SESSION, 'token-1')
}
