import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { validateSecrets, validateSettings } from '../connectors/connection_input.ts'
import { parseConnector } from '../connectors/connector.ts'
import { ExchangeError, type StepAnswer, type StepRequest } from '../exchange.ts'
import type { ConnectionSecrets } from '../scheme.ts'
import { tripletex } from './tripletex.ts'

const shipped = (name: string) =>
  parseConnector(readFileSync(join(import.meta.dirname, '../../../connectors', name), 'utf8'), name)
const connector = shipped('tripletex.yaml')
const own = shipped('tripletex-own.yaml')

const NOW = '2026-11-21T12:00:00Z'
const SECRETS = { consumer_key: 'consumer-1', employee_token: 'employee-1' }
const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json' }

function connection(settings: object = {}, more: Partial<ConnectionSecrets> = {}): ConnectionSecrets {
  return { connector, settings: validateSettings(connector, settings), secrets: SECRETS, ...more }
}

type Scripted = { status: number; body?: unknown; headers?: Record<string, string> }

/** Answers in order; `sent` is what was asked and `waited` the pauses. */
function script(answers: readonly Scripted[], now = NOW) {
  const [sent, waited] = [[] as StepRequest[], [] as number[]]
  const fetch = async (request: StepRequest): Promise<StepAnswer> => {
    const { status, body, headers } = answers[sent.push(request) - 1] as Scripted
    return { status, headers: new Headers(headers), text: body === undefined ? '' : JSON.stringify(body) }
  }
  const wait = async (ms: number) => void waited.push(ms)
  return { sent, waited, context: { fetch, wait, now: () => Date.parse(now) } }
}

const session = (expirationDate: unknown = '2026-11-23', token: unknown = 'eyJ0b2tlbiI6MX0=') => ({
  status: 201,
  body: { value: { id: 1, expirationDate, token } },
})
const invalid = (field: string) => ({
  status: 422,
  body: {
    status: 422,
    code: 18000,
    message: 'Validering feilet.',
    validationMessages: [{ field, message: 'Ugyldig' }],
  },
})
const run = (answers: readonly Scripted[], of = connection(), now = NOW) => {
  const scripted = script(answers, now)
  return { ...scripted, result: tripletex.exchange?.run(of, scripted.context) as Promise<unknown> }
}

describe('a session', () => {
  it('is asked for in the body, for the day after tomorrow in Oslo, and ends before midnight at the start of its date', async () => {
    const { sent, result } = run([session()])
    expect(await result).toEqual({
      values: { session_token: 'eyJ0b2tlbiI6MX0=' },
      expiresAt: Date.parse('2026-11-22T22:55:00Z'),
    })
    const body = '{"consumerToken":"consumer-1","employeeToken":"employee-1","expirationDate":"2026-11-23"}'
    expect(sent).toEqual([
      { method: 'POST', url: 'https://tripletex.no/v2/token/session/:create', headers: HEADERS, body },
    ])
  })

  it('lasts as many days as the setting says, and as the answer says', async () => {
    const { sent, result } = run([session('2026-11-25')], connection({ session_days: '7' }), '2026-11-21T23:30:00Z')
    expect(await result).toMatchObject({ expiresAt: Date.parse('2026-11-24T22:55:00Z') })
    expect(JSON.parse(sent[0]?.body ?? '')).toMatchObject({ expirationDate: '2026-11-29' })
  })

  it('of today is born dead: transient, with the clock in the detail, and one request only', async () => {
    const { sent, result } = run([session('2026-11-21'), session()])
    await expect(result).rejects.toMatchObject({
      kind: 'transient',
      detail: expect.stringMatching(/ends at 2026-11-20T23:00:00.000Z.*2026-11-21T12:00:00.000Z.*clock right/),
    })
    expect(sent.length).toBe(1)
  })

  it.each([
    ['no date', session(null)],
    ['a date that is none', session('2026-02-30')],
    ['no token', session('2026-11-23', null)],
    ['a token with a line break', session('2026-11-23', 'a\nb')],
    ['no JSON', { status: 200 }],
  ])('transient for an answer with %s', async (_, answer) => {
    await expect(run([answer]).result).rejects.toMatchObject({ name: 'ExchangeError', kind: 'transient' })
  })

  it('409 is tried again after a pause that is never the same, four times at most', async () => {
    const conflict = { status: 409, body: { code: 8000 } }
    const good = run([conflict, conflict, session()])
    expect(await good.result).toMatchObject({ values: { session_token: expect.any(String) } })
    expect(good.waited.map((ms, i) => ms >= 125 * (i + 1) && ms <= 375 * (i + 1))).toEqual([true, true])
    const bad = run(Array(5).fill(conflict))
    await expect(bad.result).rejects.toMatchObject({ kind: 'transient', detail: expect.stringContaining('code 8000') })
    expect([bad.sent.length, bad.waited.length]).toEqual([4, 3])
  })

  it('409 where nothing can wait: transient at once', async () => {
    const { context, sent } = script([{ status: 409, body: { code: 8000 } }])
    const { wait: _, ...patientless } = context
    await expect(tripletex.exchange?.run(connection(), patientless)).rejects.toMatchObject({ kind: 'transient' })
    expect(sent.length).toBe(1)
  })
})

describe('refusals', () => {
  it.each([
    ['human', 'consumer_token', invalid('arg:consumerToken')],
    ['human', 'employee_token', invalid('employeeToken')],
    ['transient', 'clock', invalid('arg:expirationDate')],
    ['human', '422, code 18000', invalid('arg:somethingElse')],
    ['human', '401, code 3000', { status: 401, body: { code: 3000, message: 'golden' } }],
    ['human', '403, code 9000', { status: 403, body: { code: 9000 } }],
    ['human', '404', { status: 404 }],
    ['transient', '503', { status: 503 }],
    ['transient', '302', { status: 302 }],
  ])('%s, with %s in the detail', async (kind, part, answer) => {
    const error = (await run([answer]).result.catch((reason) => reason)) as ExchangeError
    expect(error).toBeInstanceOf(ExchangeError)
    expect(error.kind).toBe(kind)
    expect(error.detail).toContain(part)
    expect(error.message).not.toMatch(/Validering|Ugyldig|golden|consumer-1|employee-1/)
  })

  it('limited: X-Rate-Limit-Reset is seconds', async () => {
    const limit = { status: 429, headers: { 'X-Rate-Limit-Reset': '17' } }
    await expect(run([limit]).result).rejects.toMatchObject({ kind: 'limited', retryAfter: 17 })
    await expect(run([{ status: 429 }]).result).rejects.toMatchObject({ kind: 'limited', retryAfter: undefined })
  })

  it.each([
    ['consumer_key', { ...SECRETS, consumer_key: 'test-1' }],
    ['employee_token', { ...SECRETS, employee_token: btoa('{"tokenId":1,"token":"test-2"}') }],
  ])('human without a request when %s is of the test environment and the address production', async (name, secrets) => {
    const { sent, result } = run([session()], connection({}, { secrets }))
    await expect(result).rejects.toMatchObject({ kind: 'human', detail: expect.stringMatching(`^${name}: .*base_url`) })
    expect(sent).toEqual([])
    const test = connection({ base_url: 'https://api-test.tripletex.tech' }, { secrets })
    expect(await run([session()], test).result).toMatchObject({ values: {} })
  })

  it('reconnect_required when a secret is missing', async () => {
    await expect(run([], connection({}, { secrets: { consumer_key: 'a' } })).result).rejects.toMatchObject({
      code: 'reconnect_required',
    })
  })
})

describe('use', () => {
  const token = { session_token: 'eyJ:1' }
  const signature = (settings: object = {}) => tripletex.sign(connection(settings, { token }))
  const request = { method: 'GET', origin: '', path: '', query: '', headers: [], body: null, now: 0 }

  it('Basic with the company as the user name; 0 unless the setting says another', () => {
    expect(signature().headers).toEqual(['Authorization', `Basic ${btoa('0:eyJ:1')}`])
    expect(signature({ company: '601' }).headers[1]).toBe(`Basic ${btoa('601:eyJ:1')}`)
    expect(tripletex.names(connection())).toEqual({ headers: ['authorization'], query: [] })
  })

  it('the parameter company of a request wins; digits only', () => {
    const { perRequest } = signature({ company: '601' })
    expect([tripletex.params, perRequest?.onlyWithParams, perRequest?.needsBody]).toEqual([['company'], true, false])
    const signed = (params: Record<string, string>) => perRequest?.sign({ ...request, params })
    expect(signed({ company: '602' })).toEqual({ headers: ['Authorization', `Basic ${btoa('602:eyJ:1')}`], query: '' })
    expect(signed({})).toEqual({ headers: [], query: '' })
    for (const company of ['', '1:2', '-1', '1 2', '٣'])
      expect(() => signed({ company })).toThrow(/^invalid_request: Octroi-Param-Company/)
  })

  it('reconnect_required without a session', () => {
    expect(() => tripletex.sign(connection())).toThrow('reconnect_required')
  })

  it('injects the consumer token under both names, and nothing that is absent', () => {
    const tokens = { consumer_key: 'consumer-1', consumer_token: 'consumer-1', employee_token: 'employee-1' }
    expect(tripletex.injects(connection({}, { token }))).toEqual({ ...tokens, session_token: 'eyJ:1' })
    expect(tripletex.injects(connection())).toEqual(tokens)
  })

  it('takes consumer_token for consumer_key, which is the application’s', () => {
    const secrets = { consumer_token: 'c', employee_token: 'e' }
    expect(validateSecrets(connector, 'tripletex', secrets)).toEqual({ consumer_key: 'c', employee_token: 'e' })
    expect(tripletex.requires(connector).consumer_key?.scope).toBe('app')
  })

  it('D8 the secrets go to the address of the setting', () => {
    const at = connection({ base_url: 'https://api-test.tripletex.tech/' })
    expect(tripletex.exchange?.endpoints(at)).toEqual(['https://api-test.tripletex.tech/v2'])
  })

  it('is ended by DELETE; a session that is over already is no fault', async () => {
    const revoke = async (status: number) => {
      const scripted = script([{ status }])
      await tripletex.exchange?.revoke?.(connection({}, { token: { session_token: 'a/b=' } }), scripted.context)
      return scripted.sent
    }
    expect(await revoke(204)).toEqual([
      {
        method: 'DELETE',
        url: 'https://tripletex.no/v2/token/session/a%2Fb%3D',
        headers: { Authorization: `Basic ${btoa('0:a/b=')}` },
      },
    ])
    await expect(revoke(401)).resolves.toHaveLength(1)
    await expect(revoke(500)).rejects.toMatchObject({ kind: 'transient' })
  })
})

describe('an own integration', () => {
  const given = { connector: own, settings: validateSettings(own, {}), secrets: { refresh_token_jwt: 'a.b.c' } }

  it('has one secret, and a session of eight hours from it', async () => {
    expect(Object.keys(tripletex.requires(own))).toEqual(['refresh_token_jwt'])
    const { sent, result } = run([{ status: 201, body: { value: { token: 'eyJ' } } }], given)
    expect(await result).toEqual({
      values: { session_token: 'eyJ' },
      expiresAt: Date.parse('2026-11-21T19:55:00Z'),
    })
    const url = 'https://tripletex.no/v2/token/session/:createFromRefreshToken'
    const body = '{"refreshToken":"a.b.c","ttlSeconds":28800}'
    expect(sent).toEqual([{ method: 'POST', url, headers: HEADERS, body }])
    expect(tripletex.injects(given)).toEqual({ refresh_token_jwt: 'a.b.c' })
  })

  it('human when the token is refused', async () => {
    const { result } = run([invalid('refreshToken')], given)
    await expect(result).rejects.toMatchObject({ kind: 'human', detail: expect.stringContaining('refresh_token_jwt') })
  })
})

describe('the section', () => {
  const load = (section: string) =>
    parseConnector(
      `id: t\nname: T\ndocs: https://t.example\nscheme: tripletex\nbase_url: https://t.example\n${section}`,
      't.yaml',
    )
  it.each([
    ['', 'tripletex: is required'],
    ['tripletex: {}', 'tripletex.url: is required'],
    ['tripletex: { url: "https://t.example/v2", days: "9" }', 'is not 2 to 7 days'],
    ['tripletex: { url: "https://t.example/v2", company: mine }', 'is not the number of a company'],
    [`tripletex: { url: "\${settings.nowhere}" }`, 'is not known here'],
    ['tripletex: { url: "https://t.example/v2", comapny: "1" }', 'comapny: is not a known key'],
  ])('is refused when it is %j', (section, message) => {
    expect(() => load(section)).toThrow(message)
  })
})
