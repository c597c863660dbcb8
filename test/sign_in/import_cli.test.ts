import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folder, octroi } from '../cli/octroi.ts'
import { startTestGate, type TestGate } from '../support/gate.ts'
import { PlainBrowser } from './browser.ts'

const MADE: readonly { family: string; password: string; hash: string }[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'foreign_hashes.json'), 'utf8'),
)
const made = (family: string) => MADE.find((one) => one.family === family) as (typeof MADE)[number]
const DJANGO = made('django pbkdf2_sha256')
const ODOO = made('passlib pbkdf2-sha512')
const BCRYPT = made('bcrypt')

let gate: TestGate
const files = folder()
beforeAll(async () => {
  gate = await startTestGate()
})
afterAll(async () => {
  files.remove()
  await gate?.stop()
})

/** No hash of a file may ever come out. */
async function run(...args: string[]) {
  const ran = await octroi(['account', ...args], { env: { OCTROI_URL: gate.url, OCTROI_KEY: gate.adminKey } })
  for (const { hash } of [DJANGO, ODOO, BCRYPT]) expect(ran.stdout + ran.stderr).not.toContain(hash.slice(-20))
  return ran
}

async function signsIn(login: string, password: string): Promise<boolean> {
  const browser = new PlainBrowser(gate.url)
  await browser.get('/sign-in')
  return (await browser.submit('/sign-in/password', { login, password })).status === 303
}

describe('octroi account import FILE', () => {
  it('takes over what dumpdata of Django writes, and people sign in with the passwords that they have', async () => {
    const user = (pk: number, fields: object) => ({ model: 'auth.user', pk, fields })
    const base = { last_login: null, is_superuser: false, is_staff: false, groups: [1], user_permissions: [] }
    const file = files.file(
      'auth_user.json',
      JSON.stringify([
        user(1, {
          ...base,
          username: 'Ada.Lovelace',
          first_name: 'Ada',
          last_name: 'Lovelace',
          email: 'ada@example.org',
          password: DJANGO.hash,
          is_active: true,
        }),
        user(2, {
          ...base,
          username: 'ldap',
          first_name: '',
          last_name: '',
          email: '',
          password: '!aBcD',
          is_active: true,
        }),
        user(3, {
          ...base,
          username: 'left',
          first_name: 'Left',
          last_name: '',
          email: '',
          password: DJANGO.hash,
          is_active: false,
        }),
      ]),
    )
    const plan = await run('import', file, '--dry-run')
    expect(plan.stdout).toMatch(/1 +ada\.lovelace +Ada Lovelace +ada@example\.org +taken over +made/)
    expect(plan.stdout).toContain('Accounts that would be taken over: 3; that were there before: 0.')
    expect((await gate.api('GET', '/accounts/ada.lovelace')).status).toBe(404)

    const ran = await run('import', file, '--emails-verified')
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('taken over: 3;')])
    expect((await gate.api('GET', '/accounts/left')).body.disabled_at).toEqual(expect.any(String))
    expect((await gate.api('GET', '/accounts/ldap')).body).toMatchObject({ has_password: false, email: null })
    expect(await signsIn('Ada.Lovelace', DJANGO.password)).toBe(true)
    expect(await signsIn('ada@example.org', DJANGO.password)).toBe(true)
    expect(await signsIn('left', DJANGO.password)).toBe(false)
    const again = await run('import', file, '--emails-verified', '--json')
    expect(again.json).toMatchObject({ made: 0, unchanged: 3 })
  })
  it('takes over a table of Odoo, whose logins are addresses', async () => {
    const file = files.file(
      'odoo.csv',
      `id,login,name,email,active,password\n7,marie@example.org,Marie Curie,,t,${ODOO.hash}\n8,portal,Portal,False,f,\n`,
    )
    const ran = await run('import', file)
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringContaining('Columns that were not read: id')])
    expect((await gate.api('GET', '/accounts/marie-curie')).body).toMatchObject({ email: 'marie@example.org' })
    expect((await gate.api('GET', '/accounts/portal')).body).toMatchObject({
      disabled_at: expect.any(String),
      email: null,
    })
    expect(await signsIn('marie@example.org', ODOO.password)).toBe(true)
  })
  it('takes over French columns, with a group for all', async () => {
    await gate.api('POST', '/groups', { id: 'benevoles', name: 'Bénévoles' })
    const file = files.file(
      'gens.csv',
      `Identifiant;Prénom;Nom;Courriel;Actif;Mot de passe\nzoé;Zoé;Petit;;oui;${BCRYPT.hash}\n`,
    )
    expect((await run('import', file, '--group', 'benevoles')).code).toBe(0)
    expect((await gate.api('GET', '/accounts/zoe')).body).toMatchObject({ name: 'Zoé Petit', groups: ['benevoles'] })
    expect(await signsIn('zoe', BCRYPT.password)).toBe(true)
  })
  it('names the line and the field of what is wrong, and makes nothing', async () => {
    const file = files.file(
      'wrong.csv',
      `login,name,email,password\ngood,Good,,\nbad,Bad,nobody,$1$abcdefgh$G//4keteveJp0qb8z2DxG/\n`,
    )
    const ran = await run('import', file)
    expect(ran.code).toBe(1)
    expect(ran.stderr).toMatch(/line 3, email: must be an e-mail address/)
    expect(ran.stderr).toMatch(/line 3, password_hash: is of no kind that is taken/)
    expect(ran.stderr).not.toContain('keteveJp0')
    expect((await gate.api('GET', '/accounts/good')).status).toBe(404)
  })
})

describe('octroi account invite and reset', () => {
  it('print the link and nothing else on stdout where no mail leaves', async () => {
    await gate.api('POST', '/accounts', { id: 'guest', kind: 'person', name: 'Guest' })
    for (const what of ['invite', 'reset']) {
      const ran = await run(what, 'guest')
      expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^http:\S+\/sign-in\/link\/[\w-]{43}\n$/)])
      expect(ran.stderr).toContain('It works once, until ')
      const page = await new PlainBrowser(gate.url).get(new URL(ran.stdout.trim()).pathname)
      expect([page.status, page.text.includes('name="again"')]).toEqual([200, true])
    }
    expect((await run('invite', 'guest', '--method', 'password', '--json')).json).toMatchObject({ sent: false })
  })
  it('64 for a file that holds something else, or a language that there is not; 1 for a service', async () => {
    await gate.api('POST', '/accounts', { id: 'robot', kind: 'service', name: 'Robot' })
    expect((await run('import', files.file('else.csv', 'a,b\n1,2\n'))).code).toBe(64)
    expect((await run('invite', 'guest', '--language', 'de')).code).toBe(64)
    expect((await run('reset', 'robot')).code).toBe(1)
  })
})
