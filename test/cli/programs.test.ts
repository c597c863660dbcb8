import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { folder, octroi } from './octroi.ts'

let gate: TestGate
const files = folder()
const PASSWORD = 'canary-of-the-erp-1'

beforeAll(async () => {
  gate = await startTestGate()
  for (const id of ['partners', 'staff']) await gate.api('POST', '/groups', { id, name: id })
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const ran = await octroi(args, { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey, ...env } })
  expect(ran.stdout + ran.stderr).not.toContain(PASSWORD)
  return ran
}
const json = async (args: readonly string[]) => (await run([...args, '--json'])).json
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('octroi group', () => {
  it('add, ls, set, rm', async () => {
    const made = await run(['group', 'add', 'Tills of the shop', '--id', 'tills', '--grant', 'paheko:GET /api/**'])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/grants +paheko: GET \/api\/\*\*/) })
    expect((await run(['group', 'ls'])).stdout).toMatch(/^ID +NAME.*\n(.*\n)*tills +Tills of the shop +- +1$/m)
    const set = await json(['group', 'set', 'tills', '--name', 'Tills', '--grant', 'none'])
    expect(set).toMatchObject({ id: 'tills', name: 'Tills', grants: [] })
    expect(await run(['group', 'set', 'tills'])).toMatchObject({ code: 64 })
    expect(await run(['group', 'rm', 'tills'])).toMatchObject({ code: 64 })
    expect(await run(['group', 'rm', 'tills', '--yes'])).toMatchObject({ code: 0, stdout: 'tills is deleted.\n' })
    expect(await run(['group', 'show', 'tills', '--json'])).toMatchObject({ code: 1, problem: { code: 'not_found' } })
  })

  it('show lists the accounts and keys in it, and which are in it by their account; rm is refused meanwhile', async () => {
    await run(['account', 'add', 'Members', '--group', 'staff'])
    const own = await json(['key', 'create', 'own', '--account', 'members', '--group', 'partners'])
    const taken = await json(['key', 'create', 'taken', '--account', 'members'])
    const gone = await json(['key', 'create', 'gone', '--account', 'members'])
    await run(['key', 'revoke', gone.id, '--yes'])
    expect(await json(['group', 'show', 'staff'])).toMatchObject({
      accounts: ['members'],
      keys: [{ id: taken.id, name: 'taken', account: 'members', inherited: true }],
    })
    const listed = (group: string) => json(['key', 'ls', '--group', group])
    expect((await listed('staff')).map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining([taken.id]))
    expect((await listed('partners')).map(({ id }: { id: string }) => id)).toEqual([own.id])
    expect((await run(['group', 'show', 'partners'])).stdout).toContain(`${own.id} (own, of members)`)
    expect(await run(['group', 'rm', 'staff', '--yes', '--json'])).toMatchObject({
      code: 1,
      problem: { code: 'conflict' },
    })
  })

  it('show says what the key may not read, and shows the rest', async () => {
    const { key } = (await gate.api('POST', '/keys', { name: 'reader', permissions: ['groups.read'] })).body
    const ran = await run(['group', 'show', 'staff'], { OCTROI_KEY: key })
    expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/accounts\.read[\s\S]*keys\.read/) })
    expect(ran.stdout).toMatch(/accounts +not known\nkeys +not known/)
  })
})

describe('groups of keys', () => {
  it('--group in place of those of the account, --no-groups none at all, --inherit-groups those again', async () => {
    const { id, groups } = await json(['key', 'create', 'k', '--group', 'staff', '--group', 'partners'])
    expect(groups).toEqual(['partners', 'staff'])
    expect((await json(['key', 'set', id, '--no-groups'])).groups).toEqual([])
    const again = await run(['key', 'set', id, '--inherit-groups'])
    expect(again.stdout).toMatch(/groups +those of its account/)
    expect((await json(['key', 'show', id])).groups).toBeNull()
    expect(await run(['key', 'set', id, '--group', 'staff', '--no-groups'])).toMatchObject({ code: 64 })
    expect(await run(['key', 'set', id, '--group', 'nosuch'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nosuch'),
    })
  })

  it('--tech-name and --usable-when-owner-inactive are taken back', async () => {
    const made = ['key', 'create', 'named', '--tech-name', 'partner_api', '--usable-when-owner-inactive']
    const { id, ...key } = await json(made)
    expect(key).toMatchObject({ tech_name: 'partner_api', usable_when_owner_inactive: true, provided: false })
    const back = ['key', 'set', id, '--tech-name', 'none', '--usable-when-owner-inactive=no']
    expect(await json(back)).toMatchObject({ tech_name: null, usable_when_owner_inactive: false })
  })
})

describe('octroi account', () => {
  it('add and set take what a service calls in with, and people are made as owners', async () => {
    const ada = ['account', 'add', 'Ada', '--kind', 'person', '--email', 'ada@example.org', '--group', 'staff']
    expect(await json(ada)).toMatchObject({ kind: 'person', email: 'ada@example.org', groups: ['staff'] })
    const subject = ['--certificate-subject', 'CN=till,O=Shop']
    await run(['account', 'add', 'Till', ...subject, '--grant', 'paheko:GET /api/**'])
    expect((await run(['account', 'ls'])).stdout).toMatch(/^till +service +Till +active +- +certificate$/m)
    const set = await json(['account', 'set', 'till', '--group', 'partners', '--grant', 'none', '--name', 'The till'])
    expect(set).toMatchObject({ name: 'The till', groups: ['partners'], grants: [], has_password: false })
    expect(set.certificate_subjects).toHaveLength(1)
    const emptied = await json(['account', 'set', 'till', '--certificate-subject', 'none', '--group', 'none'])
    expect(emptied).toMatchObject({ certificate_subjects: [], groups: [] })
    expect((await json(['account', 'set', 'ada', '--email', 'none'])).email).toBeNull()
    expect(await run(['account', 'add', 'X', '--kind', 'robot'])).toMatchObject({ code: 64 })
    expect(await run(['account', 'set', 'till'])).toMatchObject({ code: 64 })
  })

  it('password: stdout is the secret that was made and nothing else, and the account calls in with it', async () => {
    await run(['account', 'add', 'ERP', '--grant', 'paheko:GET /api/**'])
    const made = await run(['account', 'password', 'erp'])
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f]{48}\n$/) })
    const secret = made.stdout.trim()
    expect(made.stderr).not.toContain(secret)
    const call = async () =>
      (await fetch(`${gate.url}/proxy/paheko/api/x`, { headers: { authorization: basic('erp', secret) } })).headers.get(
        'octroi-error',
      )
    // There is no such connection: whoever is known is told.
    expect(await call()).toBe('not_granted')
    expect(await run(['account', 'password', 'erp', '--remove'])).toMatchObject({ code: 64 })
    expect(await run(['account', 'password', 'erp', '--remove', '--yes'])).toMatchObject({ code: 0 })
    expect(await call()).toBe('unauthenticated')
  })

  it('password: a given one comes from a file or a variable, and is not shown', async () => {
    const file = files.file('erp.password', `${PASSWORD}\n`)
    const given = await run(['account', 'password', 'erp', '--password-file', file])
    expect(given).toMatchObject({ code: 0, stdout: 'erp has the password that was given.\n', stderr: '' })
    expect((await json(['account', 'show', 'erp'])).has_password).toBe(true)
    const added = ['account', 'add', 'Second', '--password-env', 'ERP_PASSWORD', '--json']
    expect((await run(added, { ERP_PASSWORD: PASSWORD })).json).toMatchObject({ id: 'second', has_password: true })
    expect(await run(['account', 'password', 'erp', '--password-env', 'X', '--password-file', file])).toMatchObject({
      code: 64,
    })
    expect(await run(['account', 'password', 'ada'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('password: is needed for a person'),
    })
  })

  it('64 for a password on the command line, with what to do instead, and never repeated', async () => {
    for (const command of [
      ['account', 'password', 'erp'],
      ['account', 'add', 'x'],
    ]) {
      const ran = await run([...command, `--password=${PASSWORD}`])
      expect(ran).toMatchObject({ code: 64, stderr: expect.stringMatching(/--password-file PATH, or --password-env/) })
    }
  })
})
