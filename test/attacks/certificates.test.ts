import { X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, askRaw, type Scene, sentHeaders, startScene } from '../gateway/scene.ts'
import { fromElsewhere, makeService } from '../support/jwt_issuer.ts'
import { makeCertificate } from '../support/subject_certificate.ts'

/** The trusted proxy is 127.0.0.1; who comes from elsewhere writes the same header, and is not believed. */

const SUBJECT = 'CN=till 1,O=Shop\\, Inc.,C=FR'
const HEADER = 'X-Client-Certificate'

let scene: Scene
let pem: string
beforeAll(async () => {
  pem = await makeCertificate('/C=FR/O=Shop, Inc./CN=till 1')
  scene = await startScene(
    {},
    { env: { OCTROI_TRUSTED_PROXIES: '127.0.0.1', OCTROI_CLIENT_CERTIFICATE_HEADER: HEADER } },
  )
  await makeService(scene.gate, 'till', { certificate_subjects: ['/C=FR/O=Shop, Inc./CN=till 1'] })
})
afterAll(() => scene.stop())

async function call(...lines: string[]) {
  const from = `X-Forwarded-For: ${fromElsewhere()}`
  const { status, body } = await askRaw({ gate: scene.gate, key: '' }, 'GET /proxy/svc/x', from, ...lines)
  return [status, status === 200 ? null : JSON.parse(body.toString()).code]
}
const present = (value: string) => call(`${HEADER}: ${value}`)
const PASSES = [200, null]
const REFUSED = [401, 'unauthenticated']

describe('a client certificate that the trusted proxy verified', () => {
  it.each<[string, () => string]>([
    ['its subject', () => SUBJECT],
    ['its subject as OpenSSL prints it', () => '/C=FR/O=Shop, Inc./CN=till 1'],
    ['itself, escaped', () => encodeURIComponent(pem)],
    ['itself, as RFC 9440 has it', () => `:${new X509Certificate(pem).raw.toString('base64')}:`],
  ])('200 for %s', async (_, value) => expect(await present(value())).toEqual(PASSES))

  it.each([
    'CN=till 1,O=Shop\\, Inc.',
    'CN=till 1,O=Shop\\, Inc.,C=FR,C=FR',
    'C=FR,O=Shop\\, Inc.,CN=till 1',
    'CN=TILL 1,O=Shop\\, Inc.,C=FR',
    'CN=till 1\\,O=Shop\\, Inc.\\,C=FR',
    'CN=till 1,O=Shop,O=Inc.,C=FR',
    'CN=till 1+O=Shop\\, Inc.,C=FR',
    'till',
    '(null)',
    '',
    '*',
    'x'.repeat(9_000),
  ])('401 for %j', async (value) => expect(await present(value)).toEqual(REFUSED))

  it('400 for two of them: the caller’s own beside the proxy’s', async () => {
    const twice = [`${HEADER}: CN=x`, `${HEADER}: ${SUBJECT}`]
    expect(await call(...twice)).toEqual([400, 'invalid_request'])
    expect(await call(...twice.toReversed())).toEqual([400, 'invalid_request'])
  })

  it('401 under another spelling of the header', async () => {
    for (const name of ['X_Client_Certificate', 'X-Client_Certificate', 'X.Client.Certificate', 'X-Client-Cert'])
      expect(await call(`${name}: ${SUBJECT}`)).toEqual(REFUSED)
  })

  it('a key beside it decides, right or wrong', async () => {
    expect(await call(`${HEADER}: ${SUBJECT}`, 'API-KEY: wrong')).toEqual(REFUSED)
    expect(await call(`${HEADER}: CN=nobody`, `API-KEY: ${scene.key}`)).toEqual(PASSES)
  })

  it('401 from the next request once it is another account’s, or nobody’s', async () => {
    const set = (certificate_subjects: string[]) => scene.gate.api('PATCH', '/accounts/till', { certificate_subjects })
    expect(await present(SUBJECT)).toEqual(PASSES)
    await set([])
    expect(await present(SUBJECT)).toEqual(REFUSED)
    await set([SUBJECT])
    expect(await present(SUBJECT)).toEqual(PASSES)
    await scene.gate.api('POST', '/accounts/till/disable')
    expect(await present(SUBJECT)).toEqual(REFUSED)
    await scene.gate.api('POST', '/accounts/till/enable')
  })

  it('403 at the management API', async () => {
    const answer = await scene.gate.api('GET', '/keys', undefined, { key: null, headers: { [HEADER]: SUBJECT } })
    expect([answer.status, answer.body.code]).toEqual([403, 'not_granted'])
  })

  it('never reaches the service, in whatever spelling', async () => {
    const headers = { [HEADER]: SUBJECT, X_Client_Certificate: SUBJECT, 'X-Other': 'stays' }
    expect((await ask(scene, '/x', { headers })).status).toBe(200)
    const sent = Object.keys(sentHeaders(scene.upstream.requests.at(-1)?.rawHeaders ?? []))
    expect(sent).toContain('x-other')
    expect(sent.filter((name) => /client.certificate/.test(name))).toEqual([])
  })
})

describe('from a peer that is no trusted proxy', () => {
  it('401: the header is not read, and does not reach the service', async () => {
    const far = await startScene(
      {},
      { env: { OCTROI_TRUSTED_PROXIES: '192.0.2.1', OCTROI_CLIENT_CERTIFICATE_HEADER: HEADER } },
    )
    await makeService(far.gate, 'till', { certificate_subjects: [SUBJECT] })
    const headers = { [HEADER]: SUBJECT }
    expect((await ask({ gate: far.gate, key: '' }, '/x', { headers })).status).toBe(401)
    const { status, text } = await ask(far, '/x', { headers })
    expect(status).toBe(200)
    expect(text.toLowerCase()).not.toContain('x-client-certificate')
    await far.stop()
  })

  it('401 where no header was agreed', async () => {
    const none = await startScene({}, { env: { OCTROI_TRUSTED_PROXIES: '127.0.0.1' } })
    await makeService(none.gate, 'till', { certificate_subjects: [SUBJECT] })
    expect((await ask({ gate: none.gate, key: '' }, '/x', { headers: { [HEADER]: SUBJECT } })).status).toBe(401)
    await none.stop()
  })
})
