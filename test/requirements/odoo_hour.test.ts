import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { freePort } from '../../demo/program.ts'
import { type Odoo, type OdooKey, startOdoo } from '../support/vendors/odoo.ts'
import { type Front, openFront } from './front.ts'
import { openSession, type Session } from './guide_session.ts'
import { type Step, stepsOf } from './guide_steps.ts'
import { recorded } from './odoo_hour_record.ts'
import { ask, HOST, localSite } from './odoo_house.ts'

/** The guide, followed to the letter on a fresh folder: the real commands, the real nginx, a stand-in for Odoo. */

const PAGE = 'guides/from-odoo-auth-api-key.md'
const IN_FRENCH = 'fr/depuis-odoo-auth-api-key.md'
const RECORD = join(import.meta.dirname, '../../docs/guides/from-odoo-auth-api-key.record.txt')

/** What Odoo held before: the rows of the file that is exported in step 2. */
const KEYS: readonly OdooKey[] = [
  { id: 1, name: 'Web shop', key: 'webshop-key-2f61c09a77d04b', user: 'webshop' },
  { id: 2, name: 'Warehouse', key: 'warehouse-key-90be1d5536aa2f', user: 'webshop', groups: ['stock'] },
  { id: 3, name: 'Reports', key: 'reports-key-5517e0aa41c386', user: 'reports' },
  { id: 4, name: 'Old till', key: 'till-key-80c1d9a3be7745', user: 'till' },
]
const USERS = ['webshop', 'reports', 'till'].map((login) => ({ login, password: `${login}-password` }))
const FROM_FILE = 'reports-key-of-production-77c1'

interface Hour {
  readonly odoo: Odoo
  readonly front: Front
  readonly session: Session
  readonly url: string
  /** Octroi's new keys at Odoo, by user. */
  readonly own: Map<string, string>
  readonly record: string[]
  adminKey: string
  site: string
  said: string
}

it('the hour: every command of the guide, in its order, does what the guide says', { timeout: 240_000 }, async () => {
  const odoo = await startOdoo({ keys: KEYS, users: USERS })
  odoo.archiveUser('till')
  // Not one of those that are given to connections that go out: it has to be free for some seconds more.
  const gatePort = await freePort(20_000 + Math.floor(Math.random() * 10_000))
  const front = await openFront(gatePort)
  const url = `http://127.0.0.1:${gatePort}`
  const session = openSession(surroundings(front.port, url))
  session.write('hosts.mjs', HOSTS)
  const hour: Hour = { odoo, front, session, url, own: new Map(), record: [], adminKey: '', site: '', said: '' }
  const old = localSite(OLD_SITE, { gate: gatePort, odoo: odoo.port, front: front.port })
  const calls: string[] = []
  try {
    await front.serve(old)
    for (const step of stepsOf(PAGE)) {
      if (step.do === 'heading') await inOdoo(hour, step.title)
      if (step.do === 'heading') hour.record.push(`## ${step.title}\n`)
      if (step.do === 'write') session.write(step.file, local(step.text, gatePort))
      if (step.do === 'write' && hour.adminKey !== '' && step.file.startsWith('server_env/'))
        await session.untilServed('were read anew')
      if (step.do === 'site') hour.site = localSite(step.text, { gate: gatePort, odoo: odoo.port, front: front.port })
      if (step.do !== 'type') continue
      const before = odoo.requests.length
      const said = await perform(hour, step, old)
      hour.said = said === '' ? hour.said : said
      if (step.command.startsWith('curl')) calls.push(outcome(said, odoo, before))
      hour.record.push(`$ ${[step.command, step.comment].filter(Boolean).join('   # ')}\n${said}`)
    }
  } finally {
    await session.close()
    await front.stop()
    await odoo.stop()
  }
  expect(calls).toEqual([
    ...['200 webshop key 101', '403 not_granted', '200 webshop key 101', '401 unauthenticated'], // 7
    ...['200 webshop key 101', '200 webshop key 101'], // 8: new and old
    '200 webshop key 101', // 9: Odoo knows the key no more
    ...['401 unauthenticated', '200 till key 103'], // users that are not active
    '200 reports key 102', // from the file
    '200 webshop key 2', // the old site, and Odoo judges by itself
  ])
  const record = recorded(hour.record, { folder: session.folder, gate: url, odoo: odoo.url, site: siteUrl(front) })
  for (const secret of [...KEYS.map(({ key }) => key), ...hour.own.values(), hour.adminKey, FROM_FILE])
    expect(record).not.toContain(secret)
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(RECORD, record)
  expect(record).toBe(readFileSync(RECORD, 'utf8'))
})

/** What nginx had before: everything straight to Odoo. */
const OLD_SITE = `server {
  listen 443 ssl;
  location / { proxy_pass http://127.0.0.1:8069; proxy_set_header Host $host; }
}`

/** Functions of the shell that stand for this machine: its name server, its certificate, its root. */
function surroundings(port: number, url: string): string[] {
  return [
    `export OCTROI_URL=${url}`,
    'export NODE_OPTIONS="--import $PWD/hosts.mjs"',
    `curl() { command curl -sS --max-time 20 -H 'Host: ${HOST}' "\${@/https:\\/\\/${HOST}/http://127.0.0.1:${port}}"; }`,
    'shred() { shift; rm "$@"; }',
  ]
}

const local = (text: string, port: number) => text.replace('127.0.0.1:8700', `127.0.0.1:${port}`)

const siteUrl = ({ port }: Pick<Front, 'port'>) => `http://${HOST}:${port}`

/** For the programs of Node, which the shell's functions do not reach. */
const HOSTS = `import dns from 'node:dns'
const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(name === '${HOST}' ? '127.0.0.1' : name, ...rest)
`

/** What the page has the reader do in Odoo. */
async function inOdoo({ odoo, own, front }: Hour, title: string): Promise<void> {
  if (title.startsWith('4.')) {
    for (const [i, { login }] of USERS.entries()) {
      const key = randomBytes(24).toString('hex')
      own.set(login, key)
      const groups = login === 'webshop' ? ['stock'] : []
      odoo.addKey({ id: 101 + i, name: `Octroi for ${login}`, key, user: login, groups })
    }
  }
  if (title.startsWith('8.')) {
    // Beside the routes with keys: as before, but without a key that somebody sends from outside.
    expect((await ask(front.port, 'GET /web/login', { 'API-KEY': 'sent-from-outside' })).status).toBe(200)
    expect(odoo.requests.at(-1)?.header('API-KEY')).toBeUndefined()
    // The web shop is not in the group, however it spells the path.
    for (const path of ['/%73tock', '/stock/', '/STOCK', '/stock;x', '//stock', '/x/../stock', '/stock%2f']) {
      const { status } = await ask(front.port, `GET /my-endpoint${path}`, { 'API-KEY': KEYS[0]?.key as string })
      expect([path, status]).toEqual([path, expect.toBeOneOf([400, 403])])
    }
  }
  if (title.startsWith('9.')) for (const { id } of KEYS) odoo.deleteKey(id)
  if (title === 'Going back') for (const row of KEYS) odoo.addKey(row)
  odoo.restart()
}

async function perform(hour: Hour, { command, comment }: Extract<Step, { do: 'type' }>, old: string): Promise<string> {
  const { session, front } = hour
  const asked = /^export (\w+)=\.\.\.$/.exec(command)?.[1]
  if (asked !== undefined) return session.type(`export ${asked}='${await atHand(hour, comment)}'`)
  if (command === './octroi serve') return session.serve(command, 'Octroi is ready').then(() => '')
  if (command === 'sudo nginx -t') {
    const { ok, says } = front.check(hour.site)
    expect([ok, says]).toEqual([true, expect.stringContaining('test is successful')])
    return `${says}\n`
  }
  if (command === 'sudo systemctl reload nginx')
    return front.serve(comment.startsWith('with the old site') ? old : hour.site).then(() => '')
  const here = command.replace('127.0.0.1:8069', `127.0.0.1:${hour.odoo.port}`)
  const asks = here.startsWith('./octroi doctor') ? here.replace(`https://${HOST}`, siteUrl(front)) : here
  const said = await session.type(asks)
  if (command === './octroi init') hour.adminKey = /oct_\w+/.exec(said)?.[0] ?? ''
  expect([command, said]).toEqual([command, expect.not.stringMatching(/\(exit \d+\)/)])
  return said
}

/** What a person reads off his screen, or has at hand. */
async function atHand({ adminKey, own, said, url }: Hour, comment: string): Promise<string> {
  if (comment === 'the administrator key that init printed') return adminKey
  if (comment === 'the new key that rotate printed') return /oct_\w+/.exec(said)?.[0] as string
  const named = /^the id of "(.+)" in that list$/.exec(comment)?.[1]
  if (named !== undefined) {
    const answer = await fetch(`${url}/api/v1/keys?limit=200`, { headers: { 'API-KEY': adminKey } })
    const { items } = (await answer.json()) as { items: { id: string; name: string }[] }
    return items.find(({ name }) => name === named)?.id as string
  }
  const user = /^the new key of (\w+) in Odoo$/.exec(comment)?.[1]
  if (user !== undefined) return own.get(user) as string
  if (comment.endsWith('as it stands in the file')) return FROM_FILE
  const program = /^the key of ([\w ]+), as it was in Odoo$/.exec(comment)?.[1]
  return KEYS.find(({ name }) => name === program)?.key as string
}

/** `200 webshop key 101`: the status, and the user and row of Odoo; else the code of Octroi. */
function outcome(said: string, odoo: Odoo, before: number): string {
  const status = /^HTTP\/1\.1 (\d+)/.exec(said)?.[1]
  const code = /^Octroi-Error: (.+?)\r?$/im.exec(said)?.[1]
  if (code !== undefined) return `${status} ${code}`
  expect(odoo.requests.length).toBe(before + 1)
  const { user, auth_api_key_id } = JSON.parse(said.slice(said.indexOf('{')))
  return `${status} ${user} key ${auth_api_key_id}`
}

it('the French page says the same: its commands and files are those of the English one', () => {
  const bare = (page: string) =>
    stepsOf(page).flatMap((step) => {
      if (step.do === 'heading') return []
      if (step.do === 'type') return [step.command]
      return [step.text.replaceAll(/ *#.*$/gm, '')]
    })
  expect(bare(IN_FRENCH)).toEqual(bare(PAGE))
})
