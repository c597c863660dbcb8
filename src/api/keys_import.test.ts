import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refusals } from '../../test/api/refusals.ts'
import { startWorld, type World } from '../../test/api/world.ts'

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.stop())

const SECRET = 'sk-live-0123456789abcdef'
let made = 0
const good = () => ({ name: 'Imported', secret: `${SECRET}-${++made}` })
const weak = {
  name: 'Weak',
  secret: 'till-123',
  allow_weak: true,
  cidrs: ['127.0.0.0/8'],
  expires_at: '2999-01-01T00:00:00Z',
}

describe('keys.import', () => {
  it('201 with the key flagged as imported, and never its secret', async () => {
    const { status, body } = await world.call('keys.import', { body: { name: 'Imported', secret: SECRET } })
    expect(status).toBe(201)
    expect(body).toMatchObject({ name: 'Imported', imported: true, state: 'active', warnings: [] })
    expect(body).not.toHaveProperty('secret')
    expect(body).not.toHaveProperty('key')
    expect(JSON.stringify(body)).not.toContain(SECRET)
    expect((await world.must('keys.self', { key: SECRET })).id).toBe(body.id)
  })
  it('201 with a weak one that is fenced in, from 8 characters on', async () => {
    expect((await world.call('keys.import', { body: weak })).status).toBe(201)
    expect((await world.call('keys.self', { key: weak.secret })).status).toBe(200)
  })
  it('201 with a key of 255 printable characters', async () => {
    const secret = '!~"#'.repeat(64).slice(0, 255)
    expect((await world.call('keys.import', { body: { name: 'Long', secret } })).status).toBe(201)
    expect((await world.call('keys.self', { key: secret })).status).toBe(200)
  })
  it('409 conflict for a secret that some key has already', async () => {
    const body = good()
    await world.must('keys.import', { body })
    expect((await world.call('keys.import', { body })).body).toMatchObject({ status: 409, code: 'conflict' })
  })

  const fields = { name: 'Imported', secret: `${SECRET}-never` }
  refusals(
    'keys.import',
    () => world,
    () => ({ body: good() }),
    [
      ['no secret', { name: 'Imported' }, 'secret'],
      ['a secret of 7 characters', { ...weak, secret: 'x'.repeat(7) }, 'secret'],
      ['a secret of 256 characters', { ...fields, secret: 'x'.repeat(256) }, 'secret'],
      ['a space in the secret', { ...fields, secret: 'twenty characters and more' }, 'secret'],
      ['a line break in the secret', { ...fields, secret: `${SECRET}\n` }, 'secret'],
      ['a letter outside ASCII in the secret', { ...fields, secret: `${SECRET}é` }, 'secret'],
      ['a secret that is a number', { ...fields, secret: 1234567890 }, 'secret'],
      ['a secret that claims to be ours', { ...fields, secret: `oct_key_aaaaaaaa_${'x'.repeat(38)}` }, 'secret'],
      ['the hash of a key', { ...fields, secret: `$pbkdf2-sha512$6000$${'x'.repeat(40)}` }, 'secret'],
      ['a masked key', { ...fields, secret: '*'.repeat(24) }, 'secret'],
      ['a weak secret', { name: 'Weak', secret: weak.secret }, 'allow_weak', 'cidrs', 'expires_at'],
      ['a weak secret from anywhere', { ...weak, cidrs: [] }, 'cidrs'],
      ['a weak secret for ever', { ...weak, expires_at: null }, 'expires_at'],
      ['a text for yes', { ...fields, allow_weak: 'true' }, 'allow_weak'],
      ['an account that is not there', { ...fields, account: 'nobody' }, 'account'],
    ],
  )
  it('400 without the secret in any part of the answer', async () => {
    const answer = await world.call('keys.import', { body: { name: '', secret: `${SECRET}-é` } })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).not.toContain(SECRET)
  })
})
