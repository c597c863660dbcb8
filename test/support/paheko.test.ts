import { afterEach, describe, expect, it } from 'vitest'
import {
  PAHEKO_ADMIN,
  PAHEKO_READER,
  PAHEKO_WRITER,
  type Paheko,
  type PahekoCredential,
  type PahekoOptions,
  startPaheko,
} from './paheko.ts'
import { pretty } from './paheko_answers.ts'
import { basic, call, POSTING, post } from './paheko_call.ts'

const started: Paheko[] = []

async function start(options?: PahekoOptions): Promise<Paheko> {
  const paheko = await startPaheko(options)
  started.push(paheko)
  return paheko
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((paheko) => paheko.stop()))
})

describe('checks come in this order: path, method, credentials, route, existence, level, body', () => {
  it.each(['HEAD', 'PATCH', 'OPTIONS', 'TRACE'])('405 for %s, credential or not, route or not', async (method) => {
    expect((await call(await start(), method, '/api/nothing', { as: '' })).status).toBe(405)
  })

  it.each([
    ['no header', ''],
    ['Basic that is not base64', 'Basic ***'],
    ['Basic without a colon', `Basic ${Buffer.from('recyclique').toString('base64')}`],
    ['Basic without a password', `Basic ${Buffer.from('recyclique:').toString('base64')}`],
    ['a Bearer token', 'Bearer oct_key_abcdefgh_0123456789'],
  ])('401 with %s', async (_, authorization) => {
    const answer = await call(await start(), 'GET', '/api/nothing', { as: authorization })
    expect([answer.status, answer.text]).toEqual([401, '{"error":"No username or password supplied"}'])
  })

  it('403 for an unknown user name', async () => {
    const answer = await call(await start(), 'GET', '/api/accounting/years', {
      as: { ...PAHEKO_ADMIN, username: 'nobody' },
    })
    expect([answer.status, answer.text]).toEqual([403, '{"error":"Invalid username or password"}'])
  })

  it('the scheme is not looked at: base64 after the sixth character is enough', async () => {
    const answer = await call(await start(), 'GET', '/api/accounting/years', {
      as: basic(PAHEKO_READER).replace('Basic', 'Bearer'),
    })
    expect(answer.status).toBe(200)
  })

  it.each([
    ['/api', 'Unknown path'],
    ['/api/', 'Unknown path'],
    ['/api/user/nothing', 'Unknown user action'],
    ['/api/accounting', 'Unknown accounting action'],
  ])('404 for %s: %s', async (path, message) => {
    const answer = await call(await start(), 'GET', path)
    expect([answer.status, answer.json()]).toEqual([404, { error: message }])
  })

  it('404 before 403: what does not exist is said to any level', async () => {
    expect((await call(await start(), 'DELETE', '/api/user/99', { as: PAHEKO_READER })).status).toBe(404)
  })

  it('403 before 400: a level too low is said whatever the body', async () => {
    expect((await post(await start(), {}, PAHEKO_READER)).status).toBe(403)
  })

  it.each(['/api/%2e%2e/api/user/1', '/api/accounting/..%2fyears', '/../etc'])('400 in HTML for %s', async (path) => {
    const answer = await call(await start(), 'GET', path, { as: '' })
    expect([answer.status, answer.header('content-type')]).toEqual([400, 'text/html; charset=UTF-8'])
  })

  it('a trailing slash changes nothing', async () => {
    expect((await call(await start(), 'GET', '/api/accounting/years/')).status).toBe(200)
  })
})

describe('levels', () => {
  it.each([
    ['GET', '/api/download', 1],
    ['GET', '/api/download/files', 1],
    ['GET', '/api/sql?sql=SELECT+1', 1],
    ['POST', '/api/sql', 1],
    ['POST', '/api/sql.csv', 1],
    ['POST', '/api/sqlx', 1],
    ['GET', '/api/errors/log', 1],
    ['GET', '/api/accounting/charts/1/accounts', 1],
    ['PUT', '/api/user/2', 1],
    ['GET', '/api/user/new?nom=Eve', 2],
    ['POST', '/api/user/2', 2],
    ['POST', '/api/user/2/subscribe', 2],
    ['POST', '/api/accounting/transaction/1', 2],
    ['DELETE', '/api/accounting/transaction/1/users', 2],
    ['DELETE', '/api/user/2', 9],
    ['PUT', '/api/user/import', 9],
    ['PUT', '/api/user/import/preview', 9],
    ['PUT', '/api/services/subscriptions/import', 9],
    ['POST', '/api/errors/report', 9],
  ] as const)('%s %s takes level %i', async (method, path, level) => {
    for (const as of [PAHEKO_READER, PAHEKO_WRITER, PAHEKO_ADMIN]) {
      const paheko = await start()
      await post(paheko, POSTING)
      const { status } = await call(paheko, method, path, { as, body: '{"nom":"Eve"}' })
      expect([as.level, status]).toEqual([as.level, as.level < level ? 403 : 200])
    }
  })

  it('credentials can be added and replaced while it runs', async () => {
    const paheko = await start({ credentials: [PAHEKO_READER] })
    const years = async (as: PahekoCredential) => (await call(paheko, 'GET', '/api/accounting/years', { as })).status
    expect(await years(PAHEKO_WRITER)).toBe(403)
    paheko.addCredential(PAHEKO_WRITER)
    expect([await years(PAHEKO_READER), await years(PAHEKO_WRITER)]).toEqual([200, 200])
    paheko.setCredentials([PAHEKO_WRITER])
    expect([await years(PAHEKO_READER), await years(PAHEKO_WRITER)]).toEqual([403, 200])
  })
})

describe('transactions', () => {
  const amounts = (answer: { json(): { lines: { credit: number; debit: number }[] } }) =>
    answer.json().lines.map(({ credit, debit }) => [credit, debit])

  it.each([
    [12.5, 1250],
    ['12.50', 1250],
    ['12,5', 1250],
    [12, 1200],
    ['0.07', 7],
    [1.15, 115],
  ])('the amount %j is %i cents', async (amount, cents) => {
    expect(amounts(await post(await start(), { ...POSTING, amount }))[0]).toEqual([cents, 0])
  })

  it('urlencoded and multipart bodies are read like JSON', async () => {
    const paheko = await start()
    const form = Object.entries(POSTING).map(([name, value]) => [name, String(value)] as const)
    const urlencoded = new URLSearchParams(form.map(([name, value]) => [name, value])).toString()
    const parts = form.map(
      ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    const send = (body: string, type: string) =>
      call(paheko, 'POST', '/api/accounting/transaction', { body, headers: { 'Content-Type': type } })
    const answers = [
      await send(urlencoded, 'application/x-www-form-urlencoded'),
      await send(`${parts.join('')}--b--\r\n`, 'multipart/form-data; boundary=b'),
    ]
    for (const answer of answers) expect(amounts(answer)).toEqual([[1250, 0], [0, 1250]]) // biome-ignore format: a table
    expect(paheko.transactionCount()).toBe(2)
  })

  it('lines of an advanced transaction are kept as given, also urlencoded', async () => {
    const fields = { id_year: 'current', type: 'ADVANCED', date: '2026-11-21', label: 'Ventilation' }
    const body = new URLSearchParams({
      ...fields,
      'lines[0][account]': '530',
      'lines[0][debit]': '30.00',
      'lines[1][account]': '707',
      'lines[1][credit]': '20',
      'lines[2][account]': '754',
      'lines[2][credit]': '10',
    }).toString()
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
    const answer = await call(await start(), 'POST', '/api/accounting/transaction', { body, headers })
    expect(amounts(answer)).toEqual([[0, 3000], [2000, 0], [1000, 0]]) // biome-ignore format: a table
  })

  it.each([
    ['an unknown account', { credit: '1' }],
    ['no label', { label: ' ' }],
    ['no year', { id_year: undefined }],
    ['an unknown year', { id_year: 7 }],
    ['an amount with three decimals', { amount: '1.234' }],
    ['lines that do not balance', { type: 'ADVANCED', lines: [{ account: '530', debit: 1 }, { account: '707', credit: 2 }] }], // biome-ignore format: a row
  ])('400 with %s, and nothing is written', async (_, change) => {
    const paheko = await start()
    const answer = await post(paheko, { ...POSTING, ...change })
    expect(answer.status).toBe(400)
    expect(answer.header('content-type')).toBe('application/json; charset=utf-8')
    expect(paheko.transactionCount()).toBe(0)
  })

  it('400 without an open year, and the list of years is empty', async () => {
    const paheko = await start({ openYear: false })
    expect((await call(paheko, 'GET', '/api/accounting/years')).text).toBe('[]')
    expect((await call(paheko, 'GET', '/api/accounting/years/current/journal')).status).toBe(400)
    expect((await post(paheko, POSTING)).status).toBe(400)
  })

  it('500 in text for a write while another one is under way: nothing is written for it', async () => {
    const paheko = await start()
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(paheko, POSTING)))
    const locked = answers.filter((answer) => answer.status === 500)
    expect(locked.length).toBeGreaterThan(0)
    for (const answer of locked) {
      expect(answer.text).toBe('database is locked')
      expect(answer.header('content-type')).toMatch(/^text\/plain/)
    }
    expect(paheko.transactionCount()).toBe(answers.length - locked.length)
  })

  it('200 for parallel reads and for writes one after another', async () => {
    const paheko = await start()
    const reads = await Promise.all(Array.from({ length: 20 }, () => call(paheko, 'GET', '/api/accounting/years')))
    expect(new Set(reads.map((answer) => answer.status))).toEqual(new Set([200]))
    for (let i = 0; i < 3; i++) expect((await post(paheko, POSTING)).status).toBe(200)
  })
})

describe('members', () => {
  it('GET user/new creates a member, and 409 says that the name is taken', async () => {
    const paheko = await start()
    const created = await call(paheko, 'GET', '/api/user/new?nom=Eve&email=eve%40octroi.test')
    expect(created.json()).toMatchObject({ id: 5, nom: 'Eve', email: 'eve@octroi.test' })
    expect((await call(paheko, 'GET', '/api/user/5')).status).toBe(200)
    expect((await call(paheko, 'POST', '/api/user/new', { body: { nom: 'Eve' } })).status).toBe(409)
  })

  it('PUT user/import answers an empty page of HTML', async () => {
    const paheko = await start()
    const answer = await call(paheko, 'PUT', '/api/user/import', {
      as: PAHEKO_ADMIN,
      body: 'nom,email\nEve,eve@octroi.test\n',
    })
    expect([answer.status, answer.header('content-type'), answer.text]).toEqual([200, 'text/html; charset=UTF-8', ''])
    expect((await call(paheko, 'GET', '/api/user/5')).json().nom).toBe('Eve')
  })
})

describe('the stand-in as a test sees it', () => {
  it('download is an attachment of bytes', async () => {
    const answer = await call(await start(), 'GET', '/api/download')
    expect(answer.header('content-type')).toBe('application/octet-stream')
    expect(answer.header('content-disposition')).toMatch(/^attachment/)
  })

  it('every request is recorded as it came, refused ones too', async () => {
    const paheko = await start()
    await call(paheko, 'POST', '/api//x?a=1', { as: '', body: 'not json', headers: { 'X-Correlation-ID': 'c-1' } })
    expect(paheko.requests).toHaveLength(1)
    expect(paheko.requests[0]).toMatchObject({ method: 'POST', url: '/api//x?a=1', body: Buffer.from('not json') })
    expect(paheko.requests[0]?.rawHeaders).toContain('X-Correlation-ID')
  })

  it('down refuses connections, up serves the same port with the same books', async () => {
    const paheko = await start()
    await post(paheko, POSTING)
    await paheko.down()
    await expect(post(paheko, POSTING)).rejects.toThrow('ECONNREFUSED')
    await paheko.up()
    expect((await call(paheko, 'GET', '/api/accounting/transaction/1')).status).toBe(200)
  })

  it('delayMs holds back every answer', async () => {
    const paheko = await start({ delayMs: 40 })
    const before = performance.now()
    await call(paheko, 'GET', '/api/accounting/years')
    expect(performance.now() - before).toBeGreaterThan(35)
  })

  it('JSON is printed as PHP prints it', () => {
    const value = { empty: [], none: {}, text: 'é/"\\\n', list: [1, [true, null]] }
    expect(pretty(value)).toBe(
      '{\n    "empty": [],\n    "none": {},\n    "text": "\\u00e9\\/\\"\\\\\\n",\n    "list": [\n        1,\n        [\n            true,\n            null\n        ]\n    ]\n}',
    )
  })
})
