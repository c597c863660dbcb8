import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { expectFields, startWorld, type World } from '../../test/api/world.ts'
import { type SmtpOptions, type SmtpServer, startSmtp } from '../../test/support/smtp.ts'

let world: World
let refusing: World
let silent: World
const servers: SmtpServer[] = []
beforeAll(async () => {
  world = await startWorld()
  refusing = await worldWith({ refuse: () => '550 no' })
  silent = await worldWith({ silent: true })
  for (const one of [world, refusing, silent]) {
    const ada = { id: 'ada', kind: 'person', name: 'Ada', email: 'ada@example.org' }
    await one.must('accounts.create', { body: ada })
    await one.must('accounts.create', { body: { id: 'till', kind: 'service', name: 'Till' } })
    await one.must('accounts.create', { body: { id: 'gone', kind: 'person', name: 'Gone' } })
    await one.must('accounts.disable', { params: { id: 'gone' } })
  }
})
afterAll(async () => {
  for (const one of [world, refusing, silent, ...servers]) await one.stop()
})

async function worldWith(options: SmtpOptions): Promise<World> {
  const smtp = await startSmtp(options)
  servers.push(smtp)
  return startWorld({
    OCTROI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}?timeout=1`,
    OCTROI_MAIL_FROM: 'octroi@example.org',
  })
}

const params = { id: 'ada' }
const days = (text: string) => Math.round((Date.parse(text) - Date.now()) / 86_400_000)

describe('accounts.invite', () => {
  it('200 with a link for 7 days, and an event that does not have it', async () => {
    const { status, body } = await world.call('accounts.invite', { params, body: { methods: ['password'] } })
    expect([status, body.sent, days(body.expires_at)]).toEqual([200, false, 7])
    expect(body.url).toMatch(/\/sign-in\/link\/[\w-]{43}$/)
    const { items } = await world.must('events.list', { query: { subject: 'account:ada', limit: '1' } })
    expect(items).toMatchObject([{ type: 'account.invited', data: { sent: false, expires_at: body.expires_at } }])
    expect(JSON.stringify(items)).not.toContain(body.url.slice(-43))
  })
  it('200 twice with the same Idempotency-Key: made once, shown once (D13)', async () => {
    const headers = { 'Idempotency-Key': 'invite-once' }
    const first = await world.must('accounts.invite', { params, headers })
    const second = await world.must('accounts.invite', { params, headers })
    expect([typeof first.url, second.expires_at, 'url' in second]).toEqual(['string', first.expires_at, false])
  })
  it('D6 403 for whoever holds less than the person does', async () => {
    const body = { id: 'mighty', kind: 'person', name: 'Mighty', grants: [{ connection: 'x', allow: ['* /**'] }] }
    await world.newConnection({ id: 'x' })
    await world.must('accounts.create', { body })
    const { key } = await world.newKey({ permissions: ['accounts.write'] })
    for (const name of ['accounts.invite', 'accounts.reset_password'] as const) {
      const answer = await world.call(name, { params: { id: 'mighty' }, key })
      expect(answer.body).toMatchObject({ status: 403, code: 'not_granted' })
    }
  })
  it('400 for methods that are not there', async () => {
    const body = { methods: ['password', 'nothing'] }
    expectFields(await world.call('accounts.invite', { params, body }), 'methods.1')
  })
  it('404 not_found for an id that no account has', () => expectCode('accounts.invite', 'nobody', 'not_found'))
  it('409 conflict for a service, for a disabled account, and where mail is wanted and none leaves', async () => {
    await expectCode('accounts.invite', 'till', 'conflict')
    await expectCode('accounts.invite', 'gone', 'conflict')
    await expectCode('accounts.invite', 'ada', 'conflict', { deliver: 'mail' })
  })
  it('502 upstream_unreachable when the mail server refuses', async () => {
    await expectCode('accounts.invite', 'ada', 'upstream_unreachable', {}, refusing)
  })
  it('504 upstream_timeout when the mail server says nothing', async () => {
    await expectCode('accounts.invite', 'ada', 'upstream_timeout', {}, silent)
  })

  refusals(
    'accounts.invite',
    () => world,
    () => ({ params, body: {} }),
    [
      ['another way to deliver', { deliver: 'pigeon' }, 'deliver'],
      ['another language', { language: 'de' }, 'language'],
      ['methods that are no list', { methods: 'password' }, 'methods'],
    ],
  )
})

describe('accounts.reset_password', () => {
  it('200 with a link for an hour; nothing changes before it is used', async () => {
    const before = await world.must('accounts.get', { params })
    const { status, body } = await world.call('accounts.reset_password', { params })
    expect([status, body.sent, Math.round((Date.parse(body.expires_at) - Date.now()) / 60_000)]).toEqual([
      200,
      false,
      60,
    ])
    expect(await world.must('accounts.get', { params })).toEqual(before)
  })
  it('404 not_found for an id that no account has', () => expectCode('accounts.reset_password', 'nobody', 'not_found'))
  it('409 conflict for a service, for a disabled account, and where mail is wanted and none leaves', async () => {
    await expectCode('accounts.reset_password', 'till', 'conflict')
    await expectCode('accounts.reset_password', 'gone', 'conflict')
    await expectCode('accounts.reset_password', 'ada', 'conflict', { deliver: 'mail' })
  })
  it('502 upstream_unreachable when the mail server refuses', async () => {
    await expectCode('accounts.reset_password', 'ada', 'upstream_unreachable', {}, refusing)
  })
  it('504 upstream_timeout when the mail server says nothing', async () => {
    await expectCode('accounts.reset_password', 'ada', 'upstream_timeout', {}, silent)
  })

  refusals(
    'accounts.reset_password',
    () => world,
    () => ({ params, body: {} }),
    [
      ['another way to deliver', { deliver: 'pigeon' }, 'deliver'],
      ['methods, which are an invitation’s', { methods: ['password'] }, 'methods'],
    ],
  )
})

async function expectCode(
  name: 'accounts.invite' | 'accounts.reset_password',
  id: string,
  code: string,
  body: object = {},
  at: World = world,
): Promise<void> {
  expect((await at.call(name, { params: { id }, body })).body).toMatchObject({ code })
}
