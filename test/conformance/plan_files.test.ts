// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a reference of a state file
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { octroi } from '../cli/octroi.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PASSWORD_PLACE, PLACE, PLAN_FILES, readPlan } from './plan_files.ts'
import { PERSON, PLANS, STATE } from './suite.ts'

/** What is for somebody with a network holds together: the plans, the applications that they play, the page, and the tests here. */

interface StateClient {
  readonly id: string
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris?: readonly string[]
  readonly openid: Readonly<Record<string, unknown>>
}

const root = join(PLANS, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const state = parse(readFileSync(STATE, 'utf8'))
const clients: readonly StateClient[] = state.clients
const HOSTED = 'https://www.certification.openid.net/test/a'

describe('conformance/*.json', () => {
  it('is one for each of the four plans', () => {
    expect([...PLAN_FILES].sort()).toEqual([
      'octroi-backchannel-logout.json',
      'octroi-basic.json',
      'octroi-config.json',
      'octroi-rp-initiated-logout.json',
    ])
    const aliases = PLAN_FILES.map((name) => readPlan(name).alias)
    expect(new Set(aliases).size).toBe(PLAN_FILES.length)
  })
  it.each(PLAN_FILES)('%s: names applications of state.yaml alone, each with the addresses of its alias', (name) => {
    const plan = readPlan(name)
    const named = [plan.client, plan.client_secret_post, plan.client2].flatMap((one) =>
      one === undefined ? [] : [one],
    )
    expect(named.length).toBe({ 'octroi-basic.json': 3, 'octroi-config.json': 0 }[name] ?? 1)
    for (const { client_id, client_secret } of named) {
      const client = clients.find(({ id }) => id === client_id)
      expect(client?.redirect_uris).toEqual([`${HOSTED}/${plan.alias}/callback`])
      expect(client_secret).toBe(`SECRET-OF-${client_id}`)
    }
  })
  it('every application of state.yaml is named by a plan', () => {
    const text = PLAN_FILES.map((name) => readFileSync(join(PLANS, name), 'utf8')).join()
    for (const { id } of clients) expect(text).toContain(`"client_id": "${id}"`)
  })
  it.each(PLAN_FILES)('%s: one address of Octroi, one password, and no secret of anybody', (name) => {
    const plan = readPlan(name)
    expect(plan.server.discoveryUrl).toBe(`${PLACE}/oidc/.well-known/openid-configuration`)
    const entries = [plan.browser ?? [], ...Object.values(plan.override ?? {}).map(({ browser }) => browser)].flat()
    for (const { match, tasks } of entries) {
      expect(match.startsWith(`${PLACE}/oidc/`)).toBe(true)
      for (const command of tasks.flatMap(({ commands = [] }) => commands))
        if (command[0] === 'text') expect([PERSON, PASSWORD_PLACE]).toContain(command[3])
    }
    expect(JSON.stringify(plan)).not.toMatch(/ocs_|oct_/)
  })
})

describe('conformance/state.yaml', () => {
  let gate: TestGate
  beforeAll(async () => {
    gate = await startTestGate()
  })
  afterAll(() => gate?.stop())
  const apply = (args: readonly string[]) => {
    const env = { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, CONFORMANCE_PASSWORD: 'a long enough secret' }
    return octroi(['apply', STATE, '--json', ...args], { env })
  }

  it('is accepted: the plan makes the person and the applications, and nothing else', async () => {
    const { code, json } = await apply([])
    expect([code, json.applied]).toEqual([0, false])
    const steps: readonly { action: string; noun: string; id: string }[] = json.steps
    const made = steps.filter(({ action }) => action !== 'unchanged')
    expect(made.map(({ action, id }) => `${action} ${id}`).sort()).toEqual(
      [PERSON, ...clients.map(({ id }) => id)].map((id) => `create ${id}`).sort(),
    )
  })
  it('is carried out, prints a secret for each application, and has nothing to do a second time', async () => {
    const { code, json } = await apply(['--yes'])
    expect(code).toBe(0)
    expect(json.client_secrets.map(({ client }: { client: string }) => client).sort()).toEqual(
      clients.map(({ id }) => id).sort(),
    )
    expect((await apply(['--check'])).code).toBe(0)
  })
  it('lets in the person of the plans alone, whose password is not in the file', () => {
    expect(state.accounts).toMatchObject([{ id: PERSON, kind: 'person', password: '${env:CONFORMANCE_PASSWORD}' }])
    for (const client of state.clients) expect(client.allow).toEqual({ accounts: [PERSON] })
  })
})

describe('docs/sign-in/conformance.md', () => {
  const page = read('docs/sign-in/conformance.md')
  const rows = [...page.matchAll(/^\| `(oidcc-[a-z0-9-]+)` \| .* \| `([a-z_]+\.test\.ts)` \|$/gm)]
  const tests = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.test.ts'))
  const titlesOf = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')

  it('has a row for each module that a test is named after, and no other', () => {
    const titled = tests.flatMap((name) =>
      [...titlesOf(name).matchAll(/['"`](oidcc-[a-z0-9%-]+)(?::|['"`]\n)/g)].flatMap(([, module = '']) =>
        module.includes('%s') ? ['address', 'phone'].map((scope) => module.replace('%s', scope)) : [module],
      ),
    )
    expect(rows.map(([, module]) => module).sort()).toEqual([...new Set(titled)].sort())
    expect(rows.length).toBeGreaterThanOrEqual(50)
  })
  it.each(rows.map(([, module = '', file = '']) => [module, file]))('%s is in %s', (module, file) => {
    const stem = module.replace(/^(oidcc-scope-)(address|phone)$/, '$1%s')
    expect(titlesOf(file)).toContain(stem)
  })
  it('claims no more than there is', () => {
    for (const text of [page, read('conformance/README.md')]) {
      expect(text).toContain('certified library')
      expect(text).toMatch(/[Nn]othing (here )?(was|is|has been) certified/)
    }
  })
})
