import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ApiParts, Endpoint } from '../api/endpoint.ts'
import { invalid } from '../api/faults.ts'
import type { AuditLine } from '../core/audit.ts'
import { asOctroiError, type FieldError, OctroiError } from '../core/errors.ts'
import { requestId } from '../core/ids.ts'
import type { Problem, RenderProblem } from '../core/problem.ts'
import type { KeyPrincipal, Principal } from '../core/program_types.ts'
import type { Admission } from '../inbound/admission.ts'
import type { KeptAnswers } from '../inbound/kept_answers.ts'
import { containsKey } from '../inbound/key_format.ts'
import { type Arrival, type Authenticating, authenticate, requirePermission } from './authenticate.ts'
import { claimOnce, keepOnce } from './once_answers.ts'

export interface ApiDoor extends Authenticating {
  readonly parts: ApiParts
  readonly once: KeptAnswers
  readonly problem: RenderProblem
  readonly log: { error(fields: object, message: string): void }
}

/** What is known of one request while it is served; also what its audit lines are made of. */
interface Visit extends Arrival {
  readonly id: string
  readonly began: number
  readonly endpoint: Endpoint
  readonly request: FastifyRequest
  target: string | null
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly replayed: boolean
}

export function serveApi(server: FastifyInstance, operations: readonly Endpoint[], door: ApiDoor): void {
  for (const endpoint of operations) {
    server.route({
      method: endpoint.method as 'GET',
      url: `/api/v1${endpoint.path.replace(/\{(\w+)\}/g, ':$1')}`,
      handler: (request, reply) => serve(endpoint, request, reply, door),
      ...(endpoint.bodyBytes === undefined ? {} : takesLargeBodies(endpoint, endpoint.bodyBytes, door)),
    })
  }
}

/** Visits whose caller is known before the body is read. */
const announced = new WeakMap<FastifyRequest, Visit>()

/** A large body is read for those alone who may send it: else anybody could have the gate hold many of them. */
function takesLargeBodies(endpoint: Endpoint, bodyLimit: number, door: ApiDoor) {
  return {
    bodyLimit,
    async onRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const visit = visitOf(endpoint, request)
      try {
        await admit(visit, door)
        announced.set(request, visit)
      } catch (error) {
        await answerRefusal(reply, visit, error, door)
      }
    },
  }
}

function visitOf(endpoint: Endpoint, request: FastifyRequest): Visit {
  return { id: requestId(), began: performance.now(), endpoint, request, target: null }
}

async function serve(endpoint: Endpoint, request: FastifyRequest, reply: FastifyReply, door: ApiDoor): Promise<void> {
  const visit = announced.get(request) ?? visitOf(endpoint, request)
  try {
    const answer = await carryOut(visit, door)
    send(reply, visit, answer)
  } catch (error) {
    await answerRefusal(reply, visit, error, door)
  }
}

async function answerRefusal(reply: FastifyReply, visit: Visit, error: unknown, door: ApiDoor): Promise<void> {
  const known = asOctroiError(error)
  if (known.code === 'internal') door.log.error({ request_id: visit.id, err: known.cause }, known.detail)
  await recordRefusal(visit, known, door)
  sendProblem(reply, door.problem(known, visit.id))
}

/** Who calls, and whether he may; at most once for each visit, for it counts against the limit of the key. */
async function admit(visit: Visit, door: ApiDoor): Promise<Admission> {
  const admission = visit.admission ?? (await authenticate(visit.request.raw, door, visit))
  const { permission } = visit.endpoint
  if (permission !== null) requirePermission(admission, permission)
  return admission
}

/** What an operation does not take is refused: a `dry_run` that is silently ignored does harm. */
const NOTHING = z.strictObject({})

/** The steps of every operation, in order. */
async function carryOut(visit: Visit, door: ApiDoor): Promise<Answer> {
  const admission = await admit(visit, door)
  const { endpoint } = visit
  const operation = {
    principal: requireKey(admission.principal),
    params: parse(endpoint.params, visit.request.params),
    query: parse(endpoint.query ?? NOTHING, visit.request.query),
    body: parse(endpoint.body ?? NOTHING.optional(), visit.request.body),
    parts: door.parts,
  }
  visit.target = endpoint.target?.(operation.params as never, undefined) ?? null
  if (!isRecorded(endpoint))
    return { status: endpoint.status ?? 200, body: await run(endpoint, operation), replayed: false }
  // The intention is on disk before the change, and the outcome before the answer: a crash between leaves a trace of both.
  await record(visit, 'started', null, null, door)
  const kept = await claimOnce(
    door.once,
    endpoint,
    operation.principal.key_id,
    visit.request.url,
    visit.head?.idempotencyKey,
    visit.request.body,
  )
  if (kept !== undefined && 'status' in kept) {
    visit.target = endpoint.target?.(operation.params as never, kept.body) ?? null
    await record(visit, 'finished', kept.status, null, door)
    return { status: kept.status, body: kept.body, replayed: true }
  }
  const answer = await run(endpoint, operation).catch(async (error) => {
    await kept?.release()
    throw error
  })
  const status = endpoint.status ?? 200
  if (kept !== undefined) await keepOnce(kept, endpoint, status, answer)
  visit.target = endpoint.target?.(operation.params as never, answer) ?? null
  await record(visit, 'finished', status, null, door)
  return { status, body: answer, replayed: false }
}

/** Whoever is known without a key (Basic, JWT, certificate) has grants, no permissions: the management API is not for him. */
function requireKey(principal: Principal): KeyPrincipal {
  if (principal.key_id !== null) return principal as KeyPrincipal
  throw new OctroiError('not_granted', 'The management API takes API keys only.')
}

function parse(schema: z.ZodType | undefined, input: unknown): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(input === null ? undefined : input)
  if (result.success) return result.data
  throw invalid('The request is not valid.', result.error.issues.flatMap(faultsOf))
}

function faultsOf(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.map(String)
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: messageOf(issue) }]
  return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }))
}

/** Sizes in our words, where the schema has none of its own. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return issue.message
  const unit = { string: 'characters', array: 'entries' }[issue.origin as string]
  if (unit === undefined || !issue.message.startsWith('Too ')) return issue.message
  return issue.code === 'too_small'
    ? `must have at least ${issue.minimum} ${unit}`
    : `must have at most ${issue.maximum} ${unit}`
}

async function run(endpoint: Endpoint, operation: unknown): Promise<unknown> {
  const answer: unknown = await endpoint.handle(operation as never)
  // Only what is declared leaves: a field that was added to a row does not slip out.
  return endpoint.response === undefined ? undefined : endpoint.response.parse(answer)
}

function isRecorded(endpoint: Endpoint): boolean {
  return endpoint.method !== 'GET' || endpoint.recorded === true
}

async function recordRefusal(visit: Visit, error: OctroiError, door: ApiDoor): Promise<void> {
  // The trail being unwritable may be why; the refusal stands all the same.
  await record(visit, 'finished', error.status, error.code, door).catch(() => undefined)
}

async function record(
  visit: Visit,
  phase: AuditLine['phase'],
  status: number | null,
  code: string | null,
  door: ApiDoor,
): Promise<void> {
  const { trail } = door.parts
  trail.record({
    at: door.parts.now().toISOString(),
    request: visit.id,
    action: visit.endpoint.name,
    phase,
    account: visit.admission?.principal.account ?? null,
    key: visit.admission?.principal.key_id ?? null,
    connection: visit.target?.startsWith('connection:') ? visit.target.slice('connection:'.length) : null,
    method: visit.request.method,
    path: pathOf(visit.request.url),
    status,
    code,
    bytes_in: Number(visit.head?.contentLength ?? 0) || 0,
    bytes_out: 0,
    ms: Math.round((performance.now() - visit.began) * 10) / 10,
    correlation: visit.head?.correlationId?.slice(0, 200) ?? null,
    address: visit.caller?.address ?? null,
    target: visit.target,
  })
  if (isRecorded(visit.endpoint) || trail.mode === 'strict') await trail.flushed()
}

/** Without the query, and not at all when somebody put a key into it: the trail is kept for years. */
function pathOf(url: string): string | null {
  const path = (url.split('?', 1)[0] as string).slice(0, 2_048)
  return containsKey(path) ? null : path
}

function send(reply: FastifyReply, visit: Visit, { status, body, replayed }: Answer): void {
  reply
    .code(status)
    .header('Octroi-Request-Id', visit.id)
    .header('Cache-Control', 'no-store')
    .header('X-Content-Type-Options', 'nosniff')
  if (replayed) reply.header('Idempotent-Replayed', 'true')
  if (body === undefined) reply.send()
  else reply.type('application/json; charset=utf-8').send(JSON.stringify(body))
}

export function sendProblem(reply: FastifyReply, { status, headers, body }: Problem): void {
  for (let i = 0; i < headers.length; i += 2) reply.header(headers[i] as string, headers[i + 1] as string)
  reply.code(status).send(body)
}
