import { setTimeout as wait } from 'node:timers/promises'
import { PAHEKO_WRITER } from '../test/support/paheko.ts'
import { type Call, closing, make, type Outcome } from './calls.ts'
import type { Messages } from './messages.ts'
import { newKey, secretsOf } from './scene.ts'
import { userOf } from './show.ts'
import { expectThat, Mismatch, type Stage } from './stage.ts'
import { tokenKept } from './tokens.ts'

type Step = readonly [title: keyof Messages['steps'], run: (stage: Stage) => Promise<void>]

/** The story in order. Each step checks what it shows. */
const STEPS: readonly Step[] = [
  ['allowed', allowed],
  ['denied', denied],
  ['badKeys', badKeys],
  ['down', down],
  ['upAgain', upAgain],
  ['secretChanged', secretChanged],
  ['secretGiven', secretGiven],
  ['parallel', parallel],
  ['tokenKept', tokenKept],
]

export async function play(stage: Stage): Promise<void> {
  for (const [name, run] of STEPS) {
    const title = stage.messages.steps[name]
    stage.show.title(title)
    try {
      await run(stage)
    } catch (error) {
      if (error instanceof Mismatch) throw new Mismatch(title, error.message)
      throw error
    }
  }
}

const TRANSACTION = '/api/accounting/transaction'

let waiting: Call

async function allowed(stage: Stage): Promise<void> {
  await showPosted(stage, posting(stage.scene.key))
  stage.show.note(stage.messages.notes.allowed)
}

async function denied(stage: Stage): Promise<void> {
  const { key } = stage.scene
  const refused: readonly (readonly [string, string])[] = [
    ['GET', '/api/sql?sql=SELECT+*+FROM+users'],
    ['GET', '/api/download'],
  ]
  for (const [method, path] of refused) {
    await showRefused(stage, { method, path, kind: 'API-KEY', key }, 403, 'not_granted')
  }
  stage.show.note(stage.messages.notes.denied)
}

async function badKeys(stage: Stage): Promise<void> {
  await showRefused(stage, posting('oct_key_00000000_nobody-ever-made-this-one'), 401, 'unauthenticated')
  const { administer } = stage.scene
  const key = await newKey(administer, 'Old till')
  expectAnswer(stage, await make(stage.scene, posting(key)), 200, null, 1)
  const { items } = await administer('GET', '/keys?limit=200')
  const { id } = items.find((item: { name: string }) => item.name === 'Old till')
  await administer('DELETE', `/keys/${id}`)
  await showRefused(stage, posting(key), 401, 'key_revoked')
}

async function down(stage: Stage): Promise<void> {
  const { scene, show, messages } = stage
  await scene.paheko.down()
  // What waits while Paheko is down is what is delivered afterwards.
  waiting = posting(scene.key)
  const outcome = await make(scene, waiting)
  show.outcome(outcome, messages.notReached)
  expectAnswer(stage, outcome, 502, 'upstream_unreachable', 0)
  expectThat(stage, outcome.retryAfter !== null, 'Retry-After', 'none')
  show.note(messages.notes.down)
}

async function upAgain(stage: Stage): Promise<void> {
  const { scene, show, messages } = stage
  const before = scene.paheko.transactionCount()
  await scene.paheko.up()
  await showPosted(stage, waiting)
  const written = scene.paheko.transactionCount() - before
  show.fact(messages.transactions, `+${written}`)
  expectThat(stage, written === 1, '+1', `+${written}`)
}

const CHANGED = { ...PAHEKO_WRITER, password: 'changed-by-somebody' }

async function secretChanged(stage: Stage): Promise<void> {
  const { scene, show, messages } = stage
  scene.paheko.setCredentials([CHANGED])
  const outcome = await make(scene, posting(scene.key))
  show.outcome(outcome, messages.notReached)
  expectAnswer(stage, outcome, 502, 'upstream_rejected_credential', 1)
  await showState(stage, 'degraded')
  show.note(messages.notes.secretChanged)
}

async function secretGiven(stage: Stage): Promise<void> {
  await stage.scene.administer('PATCH', '/connections/paheko', { secrets: secretsOf(CHANGED) })
  await showPosted(stage, posting(stage.scene.key))
  await showState(stage, 'ready')
}

async function parallel(stage: Stage): Promise<void> {
  const { scene, show, messages } = stage
  const before = scene.paheko.transactionCount()
  const second = await newKey(scene.administer, 'Second till')
  const outcomes = await Promise.all([scene.key, second].map((key) => make(scene, posting(key))))
  for (const outcome of outcomes) {
    show.outcome(outcome, messages.nothingSent)
    // The stand-in answers 500 to a write that meets another one, so two times 200 means one after the other.
    expectAnswer(stage, outcome, 200, null, 1)
  }
  const written = scene.paheko.transactionCount() - before
  show.fact(messages.transactions, `+${written}`)
  expectThat(stage, written === 2, '+2', `+${written}`)
  show.note(messages.notes.parallel)
}

function posting(key: string): Call {
  return { method: 'POST', path: TRANSACTION, kind: 'Authorization: Bearer', key, body: closing() }
}

async function showPosted(stage: Stage, call: Call): Promise<void> {
  const outcome = await make(stage.scene, call)
  stage.show.outcome(outcome, stage.messages.nothingSent)
  expectAnswer(stage, outcome, 200, null, 1)
  const authorization = outcome.sent[0]?.header('authorization') ?? ''
  const user = authorization.startsWith('Basic ') ? userOf(authorization.slice(6)) : authorization.split(' ', 1)[0]
  expectThat(stage, user === PAHEKO_WRITER.username, PAHEKO_WRITER.username, String(user))
  const leaked = outcome.sent[0]?.rawHeaders.some((value) => value.includes(call.key))
  expectThat(stage, leaked === false, 'the key kept back', 'the key sent on')
}

async function showRefused(stage: Stage, call: Call, status: number, code: string): Promise<void> {
  const outcome = await make(stage.scene, call)
  stage.show.outcome(outcome, stage.messages.nothingSent)
  expectAnswer(stage, outcome, status, code, 0)
}

/** The mark is made in the background of the call that showed the need for it. */
async function showState({ scene, show, messages }: Stage, wanted: string): Promise<void> {
  let state = ''
  for (let i = 0; i < 60 && state !== wanted; i++) {
    if (i > 0) await wait(50)
    state = (await scene.administer('GET', '/connections/paheko')).state
  }
  show.fact(messages.connection, `paheko: ${state}`)
  if (state !== wanted) throw new Mismatch('', messages.expected(wanted, state))
}

function expectAnswer(stage: Stage, outcome: Outcome, status: number, code: string | null, sent: number): void {
  const say = (s: number, c: string | null, n: number) => `${s}${c === null ? '' : ` ${c}`}, ${n} -> Paheko`
  const isSo = outcome.status === status && outcome.code === code && outcome.sent.length === sent
  expectThat(stage, isSo, say(status, code, sent), say(outcome.status, outcome.code, outcome.sent.length))
}
