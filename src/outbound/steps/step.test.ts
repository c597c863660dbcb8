import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { type ScriptedAnswer, scriptedFetch } from '../../../test/support/scripted_fetch.ts'
import { parseConnector } from '../connectors/connector.ts'
import { TemplateScope } from '../connectors/template.ts'
import { compileStep, performStep, stepSchema } from './step.ts'

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are templates of a connector
const connector = parseConnector(
  'id: a\nname: A\ndocs: https://a.example\nscheme: api_key\nbase_url: https://a.example\nsettings: { n: { title: N, optional: true } }\nsecrets: { key: { title: K }, more: { title: M, optional: true } }\napi_key: [{ header: X, value: "${secrets.key}${secrets.more}" }]\n',
  'a.yaml',
)
const NOW = Date.parse('2026-11-21T12:00:00Z')

async function perform(
  step: object,
  answers: ScriptedAnswer[],
  settings: Record<string, string> = {},
  secrets = { key: 'a&b <c>"' },
) {
  const scope = new TemplateScope(['n'], ['key', 'more'])
  const names = { secrets: [], token: ['old'] }
  const compiled = compileStep(stepSchema.parse({ url: 'https://a.example/x', ...step }), { scope, names }, 'the login')
  const script = scriptedFetch(answers, NOW)
  const values = await performStep(compiled, { connector, settings, secrets }, { old: 'o' }, script.context)
  return { values, requests: script.requests }
}

const sent = async (step: object, settings?: Record<string, string>) =>
  (await perform(step, [{}], settings)).requests[0]

describe('the request of a step', () => {
  it.each([
    [{ form: { 'a b': '${secrets.key}' } }, 'a+b=a%26b+%3Cc%3E%22', 'application/x-www-form-urlencoded'],
    [
      { json: { k: ['${secrets.key}', '${secrets.more}', 1, null, false] } },
      '{"k":["a&b <c>\\"",1,null,false]}',
      'application/json',
    ],
    [{ json: { a: { b: '${secrets.more}', c: 'x' } } }, '{"a":{"c":"x"}}', 'application/json'],
    [{ json: [], content_type: 'application/vnd.api+json' }, '[]', 'application/vnd.api+json'],
    [{ xml: '<a b="${secrets.key}">é</a>' }, '<a b="a&amp;b &lt;c&gt;&quot;">é</a>', 'application/xml; charset=utf-8'],
    [{ raw: '{"k":"${json(secrets.key)}"}', content_type: 'text/json' }, '{"k":"a&b <c>\\""}', 'text/json'],
  ])('%j', async (step, body, type) => {
    expect(await sent(step)).toMatchObject({ method: 'POST', body, headers: { 'content-type': type } })
  })

  it('a key and a number may come from a setting', async () => {
    const step = { json: { '${settings.n}': { $number: '${settings.n}' } } }
    expect(await sent(step, { n: '5' })).toMatchObject({ body: '{"5":5}' })
    await expect(sent(step, { n: 'five' })).rejects.toMatchObject({ kind: 'human' })
  })

  it('has no body and no type where there is nothing to send', async () => {
    expect(await sent({})).toEqual({
      method: 'POST',
      url: 'https://a.example/x',
      headers: { accept: 'application/json, */*;q=0.5' },
    })
    expect(await sent({ raw: '${secrets.more}', content_type: 'text/plain' })).not.toHaveProperty('body')
  })

  it('adds its query to the one of the address; what is optional and absent is left out', async () => {
    const step = { url: 'https://a.example/x?v=1', query: { a: '${secrets.key}', b: '${secrets.more}' } }
    expect((await sent(step))?.url).toBe('https://a.example/x?v=1&a=a%26b%20%3Cc%3E%22')
  })

  it('reconnect_required for what a header cannot carry, without saying it', async () => {
    const act = perform({ headers: { X: '${secrets.key}' } }, [{}], {}, { key: 'golden\nX: 1' })
    await expect(act).rejects.toThrow(/^reconnect_required.*line break/)
    await expect(act).rejects.not.toThrow(/golden/)
  })

  it('one nonce and one time for all of one request, another for the next', async () => {
    const step = { headers: { A: '${nonce()}', B: "${now('epoch_ms')}" }, form: { a: '${nonce()}', id: '${uuid()}' } }
    const [first, second] = [await sent(step), await sent(step)]
    expect(first?.body).toMatch(new RegExp(`^a=${first?.headers?.a}&id=[0-9a-f-]{36}$`))
    expect(first?.headers).toMatchObject({ b: String(NOW) })
    expect(second?.headers?.a).not.toBe(first?.headers?.a)
  })
})

describe('what a step takes from an answer', () => {
  it('JSON, XML, headers, cookies and the status', async () => {
    const extract = {
      id: { json: ['a', '0', 'id'] },
      location: { header: 'Location' },
      sid: { cookie: 'sid' },
      code: { status: true },
      none: { json: ['none'], default: 'x' },
      gone: { cookie: 'gone', optional: true },
    }
    const headers = [
      ['set-cookie', 'sid=a=b%20c; Path=/; HttpOnly'],
      ['set-cookie', 'other=1'],
      ['set-cookie', 'gone=; Max-Age=0'],
      ['location', '/next'],
    ] as const
    const { values } = await perform({ extract }, [{ status: 201, headers, body: { a: [{ id: 7 }] } }])
    expect(values).toEqual({ id: '7', location: '/next', sid: 'a=b%20c', code: '201', none: 'x' })
    const xml = await perform({ extract: { t: { xml: ['R', 'T'] } } }, [{ body: '<R><T>1&amp;2</T></R>' }])
    expect(xml.values).toEqual({ t: '1&2' })
  })

  it.each([
    [{ json: ['t'] }, { t: null }],
    [{ json: ['t'] }, { t: '' }],
    [{ json: ['t'] }, { t: { a: 1 } }],
    [{ json: ['__proto__'] }, {}],
    [{ json: ['t'] }, { t: 'a\u0000' }],
    [{ json: ['t'] }, { t: 'a'.repeat(20_000) }],
    [{ xml: ['t'] }, '<!DOCTYPE t [<!ENTITY e "1">]><t>&e;</t>'],
    [{ cookie: 't' }, {}],
  ])('transient where %j is not in %j', async (source, body) => {
    await expect(perform({ extract: { t: source } }, [{ body }])).rejects.toMatchObject({ kind: 'transient' })
  })
})

describe('what an answer that is not ok means', () => {
  const fail = (rules: object, answer: ScriptedAnswer) => perform(rules, [answer])

  it.each([
    [{ ok: [{ status: [200] }] }, { status: 201 }, 'transient'],
    [{ ok: [{ path: ['ok'], equals: true }] }, { status: 500, body: { ok: true } }, 'transient'],
    [{ human_when: [{ path: ['code'], equals: 18000 }] }, { status: 200, body: { code: 1 } }, undefined],
    [{ ok: [{ path: ['ok'], equals: 1 }], human_when: [{ path: ['e'], equals: 1 }] }, { body: { e: 2 } }, 'transient'],
    [{ ok: [{ path: ['ok'], equals: 1 }], human_when: [{ path: ['e'], equals: 1 }] }, { body: { e: 1 } }, 'human'],
    [{ human_when: [{ path: ['e'], equals: 1 }] }, { status: 401, body: { e: 2 } }, 'human'],
    [{ transient_when: [{ status: [409] }] }, { status: 409 }, 'transient'],
    [
      { limited_when: [{ status: [403], header: 'X-Rate', exists: true }] },
      { status: 403, headers: [['X-Rate', '0']] },
      'limited',
    ],
    [{ limited_when: [{ status: [403], header: 'X-Rate', exists: true }] }, { status: 403 }, 'human'],
    [{}, { status: 408 }, 'transient'],
    [{}, { status: 429 }, 'limited'],
  ] as [object, ScriptedAnswer, string | undefined][])('%j with %j is %s', async (rules, answer, kind) => {
    if (kind === undefined) await expect(fail(rules, answer)).resolves.toBeDefined()
    else await expect(fail(rules, answer)).rejects.toMatchObject({ kind })
  })

  it('takes the seconds to wait from the header that the connector names', async () => {
    const answer = { status: 429, headers: [['X-Rate-Limit-Reset', '7.2']] } as const
    await expect(fail({ retry_after: 'X-Rate-Limit-Reset' }, answer)).rejects.toMatchObject({ retryAfter: 8 })
  })
})

describe('claims of a token', () => {
  const made = {} as { jwks: object; pem: string; token: (claims: object, exp?: number) => Promise<string> }
  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    made.jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256' }] }
    made.pem = await exportSPKI(publicKey)
    made.token = (claims, exp = NOW / 1000 + 60) =>
      new SignJWT({ exp, iss: 'A', aud: 'B', 'https://x.example/t': 'T1', ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'k' })
        .sign(privateKey)
  })
  const verify = { algorithms: ['RS256'], jwks_url: 'https://a.example/jwks', issuer: 'A', audience: 'B' }
  const claims = async (token: string, more: object = {}, keys: ScriptedAnswer = { body: made.jwks }) => {
    const extract = {
      token: { json: ['t'] },
      ticket: { jwt: 'token', claim: ['https://x.example/t'], verify: { ...verify, ...more } },
    }
    return (await perform({ extract }, [{ body: { t: token } }, keys])).values.ticket
  }

  it('are read once the signature holds', async () => {
    expect(await claims(await made.token({}))).toBe('T1')
    expect(await claims(await made.token({}), { jwks_url: undefined, public_key: made.pem })).toBe('T1')
  })

  it('of a token that has ended only where the connector says so', async () => {
    const ended = await made.token({}, NOW / 1000 - 3600)
    await expect(claims(ended)).rejects.toMatchObject({ kind: 'transient' })
    expect(await claims(ended, { ignore_exp: true })).toBe('T1')
  })

  it('are not read with another key, issuer, audience or algorithm', async () => {
    const good = await made.token({})
    const forged = `${good.split('.').slice(0, 2).join('.')}.AAAA`
    const none = `${btoa('{"alg":"none"}').replace(/=/g, '')}.${good.split('.')[1]}.`
    for (const token of [forged, none, 'opaque', await made.token({ iss: 'X' }), await made.token({ aud: ['X'] })])
      await expect(claims(token)).rejects.toMatchObject({ kind: 'human' })
    await expect(claims(forged, { ignore_exp: true })).rejects.toMatchObject({ kind: 'human' })
    await expect(claims(good, { algorithms: ['ES256'] })).rejects.toMatchObject({ kind: 'human' })
  })

  it('transient while the keys cannot be read, or are not the ones yet', async () => {
    const good = await made.token({})
    const broken = { keys: [{ kty: 'RSA', kid: 'k', alg: 'RS256', n: 'AQAB' }] }
    const bodies = ['oops', { keys: [] }, { keys: 'oops' }, { keys: [null] }, broken]
    for (const keys of [{ status: 503 }, ...bodies.map((body) => ({ body }))])
      await expect(claims(good, {}, keys)).rejects.toMatchObject({ kind: 'transient' })
  })

  it.each([
    [{ algorithms: ['HS256'] }, /takes no HS algorithm/],
    [{ jwks_url: undefined, secret: 'x' }, /takes HS algorithms only/],
    [{ secret: 'x' }, /needs one of/],
  ])('a section with %j is refused', async (more, message) => {
    await expect(claims('x', more)).rejects.toThrow(message)
  })
})
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: these are templates of a connector
