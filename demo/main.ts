import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { offer } from './by_hand.ts'
import { chooseLanguage, MESSAGES, type Messages } from './messages.ts'
import { freePort } from './program.ts'
import { setScene } from './scene.ts'
import { Show } from './show.ts'
import { Mismatch } from './stage.ts'
import { play } from './steps.ts'

/** `npm run demo`: Octroi between RecyClique and Paheko, call by call. */

const DEFAULT_PORT = 8700
/** As a shell says it: 128 + SIGINT. */
const INTERRUPTED = 130

interface Options {
  readonly once: boolean
  readonly messages: Messages
}

process.exitCode = await main()

async function main(): Promise<number> {
  const options = readOptions()
  if (typeof options === 'number') return options
  const folder = await mkdtemp(join(tmpdir(), 'octroi-demo-'))
  try {
    return await demonstrate(folder, options)
  } catch (error) {
    console.error(`\n${describe(error, options.messages)}`)
    return 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function demonstrate(folder: string, { once, messages }: Options): Promise<number> {
  const began = performance.now()
  const interrupted = interruption()
  const show = new Show(messages, process.stdout.isTTY === true && !process.env.NO_COLOR)
  for (const line of messages.intro) show.text(line)
  show.text(`\n${messages.starting}`)
  const scene = await setScene(folder, await freePort(once ? 0 : DEFAULT_PORT))
  try {
    const wasInterrupted = await Promise.race([play({ scene, show, messages }), interrupted])
    if (wasInterrupted) return INTERRUPTED
    show.text(`\n${messages.allShown(((performance.now() - began) / 1000).toFixed(1))}`)
    if (once) return 0
    await offer(scene, show, messages)
    await interrupted
    show.text(`\n${messages.stopping}`)
    return 0
  } finally {
    await scene.stop()
  }
}

/** Settles at Ctrl-C, and lets everything be cleaned up. */
function interruption(): Promise<true> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(true))
  })
}

function readOptions(): Options | number {
  try {
    const { values } = parseArgs({
      options: { once: { type: 'boolean', default: false }, lang: { type: 'string' }, help: { type: 'boolean' } },
    })
    const messages = MESSAGES[chooseLanguage(values.lang, process.env)]
    if (!values.help) return { once: values.once, messages }
    console.log(messages.usage)
    return 0
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${MESSAGES[chooseLanguage(undefined, process.env)].usage}`)
    return 64 // EX_USAGE of sysexits.h.
  }
}

function describe(error: unknown, messages: Messages): string {
  if (error instanceof Mismatch) return messages.mismatch(error.step, error.message)
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
