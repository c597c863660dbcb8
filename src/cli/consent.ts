import { setTimeout as wait } from 'node:timers/promises'
import { OctroiApiError, type OctroiClient, type Output } from '../client/index.ts'
import { hasBrowser, openBrowser } from './browser.ts'
import { type Call, FailedError, UsageError } from './command.ts'
import { Loopback } from './loopback.ts'

/** A person agrees at the service: this command opens the way and waits for its end. */

export const BROWSER = {
  'no-browser': {
    type: 'boolean',
    describes:
      'Print the address for a browser anywhere, and wait; without it one is opened here where that is possible.',
  },
} as const

interface Pending {
  readonly id: string
  readonly connector: string
}

type Session = Output<'POST', '/connect-sessions'>
type Here = Pick<Call, 'terminal' | 'env' | 'server'>

/** Between two looks at how far the person has come. */
const POLL_MS = 1_000
/** A link lives for 30 minutes. */
const LONGEST_MS = 31 * 60_000

export function checkBrowserOption({ terminal }: Pick<Call, 'terminal'>, noBrowser: boolean | undefined): void {
  if (noBrowser && terminal.json)
    throw new UsageError('--no-browser waits for a person, and --json for nobody: use octroi connection link.')
}

/** Whether there is somebody to wait for. */
export function mayWait({ terminal }: Pick<Call, 'terminal'>, noBrowser: boolean | undefined): boolean {
  return noBrowser === true || terminal.interactive
}

/** Ends when the connection works. Throws `FailedError` when the person gave up (Ctrl-C), or the time is over. */
export async function agree(here: Here, pending: Pending, noBrowser: boolean | undefined): Promise<void> {
  // An open line editor would keep Ctrl-C to itself.
  here.terminal.close()
  const given = new AbortController()
  const giveUp = () => given.abort(new FailedError('given up'))
  for (const signal of SIGNALS) process.once(signal, giveUp)
  try {
    if (noBrowser === true || !hasBrowser(here.env)) await anywhere(here, pending, given.signal)
    else await inBrowser(here, pending, given.signal)
  } finally {
    for (const signal of SIGNALS) process.off(signal, giveUp)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** In a browser of this machine: what comes back to a port here is redeemed with the key of this command. */
async function inBrowser(here: Here, pending: Pending, signal: AbortSignal): Promise<void> {
  const { terminal, server, env } = here
  const loopback = await Loopback.open()
  try {
    const session = await opened(server, pending, loopback.returnUrl)
    introduce(here, session, 'Opening a browser. If nothing happens, open this here yourself:')
    openBrowser(loopback.leadTo(session.url), env)
    const code = await loopback.code(session.id, AbortSignal.any([signal, over()]))
    await server.post('/connect-sessions/{id}/redeem', { params: { id: session.id }, body: { code } })
    terminal.say('')
  } finally {
    loopback.close()
  }
}

/** In whatever browser: the page itself ends the session. */
async function anywhere(here: Here, pending: Pending, signal: AbortSignal): Promise<void> {
  const { server } = here
  const session = await opened(server, pending)
  introduce(here, session, 'Open this in a browser, on any machine:')
  const end = AbortSignal.any([signal, over()])
  for (;;) {
    const { state } = await server.get('/connect-sessions/{id}', { params: { id: session.id }, signal })
    if (state === 'done') return
    if (state === 'expired') throw late()
    await wait(POLL_MS, undefined, { signal: end }).catch(() => end.throwIfAborted())
  }
}

async function opened(server: OctroiClient, { id, connector }: Pending, returnUrl?: string): Promise<Session> {
  const body = { connector, connection_id: id, ...(returnUrl === undefined ? {} : { return_url: returnUrl }) }
  try {
    return await server.post('/connect-sessions', { body })
  } catch (error) {
    const isLimited = error instanceof OctroiApiError && error.errors.some(({ path }) => path === 'return_url')
    if (!isLimited) throw error
    throw new FailedError(
      'your key is limited to some connections: it can only wait for a browser of this machine (or give an address to come back to: octroi connection link --return-url)',
    )
  }
}

function introduce({ terminal }: Here, { redirect_uri, url }: Session, text: string): void {
  if (redirect_uri !== null)
    terminal.say(`\nRegistered at the service, for people to come back to:\n\n  ${redirect_uri}`)
  terminal.say(`\n${text}\n\n  ${url}\n\nWaiting (Ctrl-C gives up) ...`)
}

/** By its own measure of time: the clocks of two machines differ. */
function over(): AbortSignal {
  const end = new AbortController()
  setTimeout(() => end.abort(late()), LONGEST_MS).unref()
  return end.signal
}

function late(): FailedError {
  return new FailedError('nobody connected the account before the link ended')
}
