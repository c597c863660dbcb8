import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi, octroiOnTerminal } from './octroi.ts'

let gate: TestGate
const files = folder()
beforeAll(async () => {
  gate = await startTestGate()
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

let made = 0
const key = () => `CANARY-odoo-key-${String(++made).padStart(6, '0')}`
const env = () => ({ OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey })

/** No key of a file may ever come out. */
async function run(...args: string[]) {
  const ran = await octroi(['key', ...args], { env: env() })
  expect(ran.stdout + ran.stderr).not.toContain('CANARY')
  return ran
}

const self = async (secret: string) => {
  const answer = await gate.api('GET', '/keys/self', undefined, { key: secret })
  return answer.status === 200 ? answer.body : answer.body.code
}
const count = async () => (await run('ls', '--json')).json.length

describe('octroi key import FILE', () => {
  it('takes over the export of Odoo: people, groups, archived keys, and each key works as it is', async () => {
    const [till, shop, old] = [key(), key(), key()]
    const file = files.file(
      'auth_api_key.csv',
      `"id","Name","User","Key","Groups","Active"
"__export__.1","Till","Mitchell Admin","${till}","Shop, Back office","True"
"__export__.2","Shop","Marc Demo","${shop}","False","True"
"__export__.3","Old","Marc Demo","${old}","False","False"
`,
    )
    const before = await count()
    const plan = await run('import', file, '--make-accounts', '--make-groups', '--dry-run')
    expect([plan.code, await count()]).toEqual([0, before])
    expect(plan.stdout).toMatch(/3 +Shop +marc-demo +- +- +active +made/)
    expect(plan.stdout).toContain('Keys that would be taken over: 3; that were before: 0; left out: 0.')
    expect(plan.stdout).toContain('Accounts that would be made: mitchell-admin, marc-demo')
    expect(plan.stdout).toContain('Columns that were not read: id')

    const grant = ['--grant', 'paheko:GET /api/**']
    const ran = await run('import', file, '--make-accounts', '--make-groups', ...grant)
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('Groups that were made: back-office, shop')])
    expect(await self(till)).toMatchObject({
      name: 'Till',
      account: 'mitchell-admin',
      groups: ['back-office', 'shop'],
      imported: true,
      grants: [{ connection: 'paheko', allow: ['GET /api/**'] }],
    })
    expect(await self(shop)).toMatchObject({ account: 'marc-demo', groups: null })
    expect(await self(old)).toBe('unauthenticated')
    const again = await run('import', file, '--make-accounts', '--make-groups', '--json')
    expect(again.json).toMatchObject({ made: 0, unchanged: 3, accounts: [], groups: [] })
    expect(again.json.keys[0]).toMatchObject({ line: 2, name: 'Till', outcome: 'unchanged' })
  })

  it('says whose keys they become where the file names nobody', async () => {
    const file = files.file('nobody.conf', `[api_key_nobody]\nkey = ${key()}\n`)
    const planned = await run('import', file, '--dry-run')
    expect(planned.stdout).toContain('they would be keys of yours, administrator. See --account')
    expect((await run('import', file)).stdout).toContain('FILE names no account for 1 of them')
    expect((await run('import', file)).stdout).not.toContain('FILE names no account')
  })

  it('takes over a server_env file: each key under its tech_name, with an account of its own', async () => {
    const [one, two] = [key(), key()]
    const conf = `[options]\nworkers = 2\n[api_key_pos_one]\nkey = ${one}\n[api_key_pos_two]\nkey: ${two}\n[api_key_gone]\nkey =\n`
    const file = files.file('api_keys.conf', conf)
    const { code, json } = await run('import', file, '--make-accounts', '--group', 'pos', '--make-groups', '--json')
    expect([code, json.made, json.accounts, json.groups]).toEqual([0, 2, ['pos_one', 'pos_two'], ['pos']])
    expect(json.left).toEqual([{ line: 8, reason: '[api_key_gone] gives no key' }])
    expect(await self(one)).toMatchObject({
      name: 'pos_one',
      tech_name: 'pos_one',
      account: 'pos_one',
      groups: ['pos'],
    })
  })

  it('one account for all, weak keys only when they are fenced in', async () => {
    await gate.api('POST', '/accounts', { id: 'odoo', kind: 'service', name: 'Odoo' })
    const weak = 'CANARY-w'
    const file = files.file('weak.csv', `name;key;user\nDoor;${weak};Somebody\n`)
    const refused = await run('import', file, '--account', 'odoo')
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('line 2, allow_weak')])
    const fences = ['--allow-weak', '--cidr', '127.0.0.0/8', '--expires', '30d']
    const taken = await run('import', file, '--account', 'odoo', ...fences, '--usable-when-owner-inactive')
    expect(taken.code).toBe(0)
    expect(await self(weak)).toMatchObject({
      account: 'odoo',
      usable_when_owner_inactive: true,
      cidrs: ['127.0.0.0/8'],
    })
  })

  it('names what is wrong by line, and takes nothing', async () => {
    const before = await count()
    const lines = [
      'name,key,user,note',
      `A,${key()},nobody,`,
      `B,${key()},nobody,"two\nlines"`,
      'C,$pbkdf2-sha512$6000$CANARY,nobody,',
    ]
    const { code, stderr } = await run('import', files.file('wrong.csv', lines.join('\n')))
    expect([code, stderr]).toEqual([1, expect.stringContaining('nothing was taken over')])
    expect(stderr).toContain('line 5, key: is the hash of a key')
    const missing = await run('import', files.file('missing.csv', lines.slice(0, 2).join('\n')))
    expect(missing.stderr).toContain('line 2, account: there is no account nobody')
    const twice = key()
    const doubled = files.file('twice.csv', `name,key\nA,${twice}\nB,${twice}`)
    expect((await run('import', doubled)).stderr).toContain('line 3 has the same key as line 2')
    expect(await count()).toBe(before)
  })

  it('sends thousands in portions, shows how far it is, and a fault in the last line stops the first', async () => {
    const rows = Array.from({ length: 2_100 }, (_, i) => `Key ${i},${key()}`)
    const before = await count()
    const faulty = files.file('faulty.csv', ['name,key', ...rows, 'Last,"CANARY with spaces 0123"'].join('\n'))
    const refused = await run('import', faulty)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('line 2102, key')])
    expect(await count()).toBe(before)
    const whole = files.file('whole.csv', ['name,key', ...rows].join('\n'))
    const { code, screen } = await octroiOnTerminal(['key', 'import', whole], [], env())
    expect([code, screen]).toEqual([0, expect.stringContaining('1000 of 2100 keys')])
    expect(screen).toContain('Keys that were taken over: 2100;')
    expect(screen).not.toContain('CANARY')
    expect(await count()).toBe(before + 2_100)
  })

  it.each([
    ['what is for one key', ['--name', 'x'], '--name is for one key'],
    ['what is for one key', ['--tech-name', 'x'], '--tech-name is for one key'],
  ])('64 with %s', async (_, options, message) => {
    const { code, stderr } = await run('import', files.file('one.csv', `name,key\nA,${key()}`), ...options)
    expect([code, stderr]).toEqual([64, expect.stringContaining(message)])
  })

  it('64 for a file that cannot be read, 1 for one that holds no key', async () => {
    expect((await run('import', `${files.path}/none.csv`)).code).toBe(64)
    expect((await run('import', files.file('empty.csv', 'name,key\nA,\n'))).code).toBe(1)
    expect((await run('import', '--dry-run', '--name', 'x')).code).toBe(64)
  })
})

describe('octroi key usage', () => {
  it('shows the days of a key, and of one’s own', async () => {
    const { id } = (await run('create', 'used', '--json')).json
    expect((await run('usage', id)).stdout).toContain('It was not used from')
    const shown = await run('usage', 'self')
    expect(shown.stdout).toMatch(/^DAY +CALLS +REFUSED\n\d{4}-\d\d-\d\d +\d+ +\d+\nall +\d+ +\d+\n$/)
    const { json } = await run('usage', 'self', '--from', '2026-01-01', '--to', '2026-01-31', '--json')
    expect(json).toEqual({ from: '2026-01-01', to: '2026-01-31', calls: 0, refused: 0, days: [] })
    expect((await run('usage', 'self', '--from', 'yesterday')).code).toBe(1)
  })
})
