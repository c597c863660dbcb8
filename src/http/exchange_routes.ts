import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { invalid } from '../api/faults.ts'
import type { AuditTrail } from '../core/audit.ts'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { Client } from '../core/people_types.ts'
import type { RenderProblem } from '../core/problem.ts'
import type { Callers } from '../inbound/caller.ts'
import type { Guard } from '../inbound/entrance.ts'
import { presentedIn } from '../inbound/presented.ts'
import { readHead } from '../inbound/request_head.ts'
import type { ClientApplications } from '../sign_in/applications/applications.ts'
import type { Exchanged } from '../sign_in/applications/codes.ts'
import { sendProblem } from './api_routes.ts'
import { formFields } from './form_fields.ts'

export interface ExchangeDoor {
  readonly applications: Pick<ClientApplications, 'authenticate' | 'exchange'>
  readonly callers: Callers
  readonly guard: Guard
  readonly problem: RenderProblem
  readonly trail: AuditTrail
  readonly log: { error(fields: object, message: string): void }
  readonly now: () => Date
}

const BODY_BYTES = 16 * 1024

const Code = z.strictObject({
  code: z.string(),
  code_verifier: z.string(),
  redirect_uri: z.string().optional(),
})

/** What is known of a call so far. */
interface Call {
  readonly id: string
  readonly began: number
  address: string | null
  client: string | null
  account: string | null
}

/** `POST /session/exchange`: the back end of an application gives a one-time code for who signed in, with its own id and secret (Basic). */
export async function serveExchange(fastify: FastifyInstance, door: ExchangeDoor): Promise<void> {
  await fastify.register(async (routes) => {
    // Whoever follows RFC 6749 §4.1.3 sends a form.
    routes.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: BODY_BYTES },
      (_, body, done) => done(null, new URLSearchParams(body as string)),
    )
    routes.post('/session/exchange', { bodyLimit: BODY_BYTES }, (request, reply) => answer(door, request, reply))
  })
}

async function answer(door: ExchangeDoor, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const call: Call = { id: requestId(), began: performance.now(), address: null, client: null, account: null }
  try {
    const client = await authenticated(door, request, call)
    const exchanged = await door.applications.exchange(client, read(request.body))
    call.account = exchanged.person.account.id
    // On disk before the token leaves.
    await record(door, call, 200, null)
    reply
      .code(200)
      .header('Octroi-Request-Id', call.id)
      .header('Cache-Control', 'no-store')
      .header('X-Content-Type-Options', 'nosniff')
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(answerOf(exchanged)))
  } catch (error) {
    const known = asOctroiError(error)
    if (known.code === 'internal') door.log.error({ request_id: call.id, err: known.cause }, known.detail)
    await record(door, call, known.status, known.code).catch(() => undefined)
    sendProblem(reply, door.problem(known, call.id))
  }
}

/** RFC 6749 §2.3.1: the id and the secret of Basic are form-encoded; ours have nothing in them that this would change. */
async function authenticated(door: ExchangeDoor, request: FastifyRequest, call: Call): Promise<Client> {
  const head = readHead(request.raw.rawHeaders)
  const { address } = door.callers.identify(request.raw.socket, head)
  call.address = address
  const { basic } = presentedIn(head)
  if (basic === null)
    throw new OctroiError('unauthenticated', 'Send the id and the secret of the application as Basic credentials.')
  try {
    const client = await door.applications.authenticate(basic.user, basic.password)
    call.client = client.id
    return client
  } catch (error) {
    if (!(error instanceof OctroiError) || error.code !== 'unauthenticated') throw error
    throw await door.guard.refused(address, error)
  }
}

function read(body: unknown): z.output<typeof Code> {
  const fields = body instanceof URLSearchParams ? fieldsOf(body) : (body ?? {})
  const result = Code.safeParse(fields)
  if (result.success) return result.data
  throw invalid(
    'The request is not valid.',
    result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
  )
}

/** RFC 6749 §3.2: no parameter twice. `grant_type` says what is known here. */
function fieldsOf(form: URLSearchParams): Readonly<Record<string, string>> {
  const { grant_type, ...fields } = formFields(form)
  return grant_type === undefined || grant_type === 'authorization_code' ? fields : { ...fields, grant_type }
}

function answerOf({ person, session, token }: Exchanged): object {
  const { account, organization, groups, role, email, emailVerified } = person
  return {
    account: account.id,
    name: account.name,
    email,
    email_verified: emailVerified,
    organization: organization?.id ?? null,
    organization_siret: organization?.siret ?? null,
    organization_label: organization?.label ?? null,
    role,
    groups,
    api_token: token?.key ?? null,
    api_token_expires_at: token?.expires_at ?? null,
    session_id: session.id,
    method: session.method,
    amr: session.amr,
    acr: session.acr,
    auth_time: session.auth_time,
  }
}

async function record(door: ExchangeDoor, call: Call, status: number, code: string | null): Promise<void> {
  door.trail.record({
    at: door.now().toISOString(),
    request: call.id,
    action: 'session.exchange',
    phase: 'finished',
    account: call.account,
    key: null,
    connection: null,
    method: 'POST',
    path: '/session/exchange',
    status,
    code,
    bytes_in: 0,
    bytes_out: 0,
    ms: Math.round((performance.now() - call.began) * 10) / 10,
    correlation: null,
    address: call.address,
    target: call.client === null ? null : `client:${call.client}`,
  })
  await door.trail.flushed()
}
