import { describe, expect, it } from 'vitest'
import { parseConnector } from '../connectors/connector.ts'
import type { ExchangeContext, StepRequest } from '../exchange.ts'
import type { ConnectionSecrets } from '../scheme.ts'
import { awsAssumeRole } from './aws_assume_role.ts'

const SECTION = `{ service: execute-api, region: eu-west-3, sts_url: "https://sts.\${settings.region}.amazonaws.com", role_arn: "\${settings.role}" }`
const connector = (section = SECTION) =>
  parseConnector(
    `id: acme\nname: Acme\ndocs: https://acme.example\nscheme: aws_assume_role\nbase_url: https://acme.example
settings: { role: { title: Role }, region: { title: Region, pattern: "[a-z0-9-]+" } }\naws_assume_role: ${section}\n`,
    'acme.yaml',
  )
const connection: ConnectionSecrets = {
  connector: connector(),
  settings: { role: 'arn:aws:iam::123456789012:role/demo', region: 'eu-west-3' },
  secrets: { access_key_id: 'AKID', secret_access_key: 'golden' },
}
/** The example of the reference of AssumeRole, shortened. */
const ANSWER = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>ARO123EXAMPLE123:TestAR</AssumedRoleId>
      <Arn>arn:aws:sts::123456789012:assumed-role/demo/TestAR</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId>
      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>
      <SessionToken>
       AQoDYXdzEPT//////////wEXAMPLEtc764
      </SessionToken>
      <Expiration>2026-01-02T01:00:00Z</Expiration>
    </Credentials>
  </AssumeRoleResult>
</AssumeRoleResponse>`
const NOW = Date.UTC(2026, 0, 2)

async function run(from: ConnectionSecrets, status: number, text: string, headers = {}) {
  const requests: StepRequest[] = []
  const context: ExchangeContext = {
    now: () => NOW,
    fetch: async (request) => {
      requests.push(request)
      return { status, text, headers: new Headers(headers) }
    },
  }
  return { obtained: await awsAssumeRole.exchange?.run(from, context), requests }
}

const TOKEN = {
  access_key_id: 'ASIAIOSFODNN7EXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY',
  session_token: 'AQoDYXdzEPT//////////wEXAMPLEtc764',
}

describe('aws_assume_role', () => {
  it('takes on the role with a signed form, and keeps what it yields until it ends', async () => {
    const { obtained, requests } = await run(connection, 200, ANSWER)
    expect(obtained).toEqual({
      values: TOKEN,
      expiresAt: Date.UTC(2026, 0, 2, 1),
      identity: 'arn:aws:sts::123456789012:assumed-role/demo/TestAR',
    })
    expect(requests).toEqual([
      {
        method: 'POST',
        url: 'https://sts.eu-west-3.amazonaws.com/',
        body: 'Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdemo&RoleSessionName=octroi&DurationSeconds=3600',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          'X-Amz-Date': '20260102T000000Z',
          Authorization: expect.stringMatching(
            /^AWS4-HMAC-SHA256 Credential=AKID\/20260102\/eu-west-3\/sts\/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=[0-9a-f]{64}$/,
          ),
        },
      },
    ])
    expect(awsAssumeRole.exchange?.endpoints(connection)).toEqual(['https://sts.eu-west-3.amazonaws.com'])
  })

  it('names the external id where one was given', async () => {
    const secrets = { ...connection.secrets, external_id: 'e&1' }
    const { requests } = await run({ ...connection, secrets }, 200, ANSWER)
    expect(requests[0]?.body).toMatch(/&ExternalId=e%261$/)
  })

  it('signs requests and gives programs the temporary credentials, never the lasting ones', () => {
    const connected = { ...connection, token: TOKEN }
    const request = { method: 'GET', origin: 'https://acme.example', path: '/', query: '', headers: [] }
    const signed = awsAssumeRole.sign(connected).perRequest?.sign({ ...request, body: null, params: {}, now: NOW })
    expect(signed?.headers).toEqual(expect.arrayContaining(['X-Amz-Security-Token', TOKEN.session_token]))
    expect(signed?.headers.at(-1)).toContain('Credential=ASIAIOSFODNN7EXAMPLE/20260102/eu-west-3/execute-api/')
    expect(awsAssumeRole.injects(connected)).toEqual(TOKEN)
    expect(() => awsAssumeRole.sign(connection)).toThrow(/^reconnect_required: The secret access_key_id is missing/)
  })

  const error = (code: string) => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`
  it.each([
    ['human', 403, error('AccessDenied'), 'STS answered 403 (AccessDenied).'],
    ['human', 400, error('golden'), 'STS answered 400.'],
    ['limited', 400, error('Throttling'), 'STS wants fewer requests (400).'],
    ['transient', 503, 'busy', 'STS answered 503.'],
    ['transient', 200, '<html>', 'The answer of STS has no whole Credentials.'],
    ['transient', 200, ANSWER.replace('2026-01-02T01:00:00Z', 'soon'), 'The answer of STS has no whole Credentials.'],
  ])('%s: %s %j', async (kind, status, text, detail) => {
    await expect(run(connection, status, text, { 'retry-after': '7' })).rejects.toMatchObject({
      kind,
      detail,
      retryAfter: kind === 'limited' ? 7 : undefined,
    })
  })

  it('refuses a section without a role, and a session that is too long', () => {
    expect(() => connector('{ service: s3, region: x, sts_url: https://sts.amazonaws.com }')).toThrow(/role_arn/)
    expect(() => connector(SECTION.replace(/ }$/, ', duration_s: 90000 }'))).toThrow(/duration_s/)
  })
})
