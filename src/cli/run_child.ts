import { constants } from 'node:os'
import { Child, NotStarted } from './child.ts'
import { checkNaming, type Naming, namedSecrets, withoutOctroi } from './child_names.ts'
import { type Call, command, UsageError } from './command.ts'
import { readCredentials } from './credentials.ts'
import { pairs } from './input.ts'
import { reportOf, reportText } from './report.ts'
import { type Credentials, follow } from './rotation.ts'
import type { Terminal } from './terminal.ts'

const run = command({
  name: 'run',
  args: ['CONNECTION', 'CMD', '[ARG...]'],
  summary: 'Run a program with the secrets of a connection in its environment',
  description:
    'Each secret has the name under which the connection injects it (oauth_access_token); what a name of the environment cannot hold becomes _. The program gets nothing that begins with OCTROI_, and no secret under a name that a loader, a shell or a runtime reads (LD_PRELOAD, PATH, NODE_OPTIONS). Signals are passed on; the exit code is the program’s, 128 and the number of the signal that ended it, 127 when there is no such program. Needs the permission connections.read_credentials.',
  examples: [
    'run superoffice -- node import.js',
    'run paheko --env PAHEKO_USER=username --env PAHEKO_PASSWORD=password -- ./nightly.sh --all',
    'run hubspot --prefix HUBSPOT_ --on-rotation restart -- ./worker',
    'run hubspot --on-rotation signal:HUP -- ./worker',
  ],
  on: 'server',
  options: {
    env: {
      type: 'string',
      multiple: true,
      value: 'NAME=SECRET',
      describes: 'This secret under that name, instead of its own.',
    },
    prefix: { type: 'string', value: 'TEXT', describes: 'Before the name of every secret that --env does not name.' },
    'on-rotation': {
      type: 'string',
      value: 'WHAT',
      describes:
        'When the secrets end and there are new ones: ignore (the default), restart (TERM, after 10 s KILL, and again with the new ones), or signal:NAME (signal:HUP).',
    },
  },
  async run(call) {
    const { args, options, terminal, env, server } = call
    const [connection, program] = args
    const naming = { env: pairs('env', options.env), prefix: options.prefix ?? '' }
    checkNaming(naming)
    const reaction = reactionOf(options['on-rotation'])
    const first = await readCredentials(server, connection)
    const child = new Child(program, (args as readonly string[]).slice(2))
    if (reaction === 'ignore' && options['on-rotation'] === undefined && first.endsAt !== null) {
      const end = new Date(first.endsAt).toISOString()
      terminal.say(`octroi: these secrets end at ${end}; --on-rotation restart begins anew with new ones.`)
    }
    return supervise(child, first, { ...call, naming, reaction, inherited: withoutOctroi(env) })
  },
})

type Reaction = 'ignore' | 'restart' | NodeJS.Signals

function reactionOf(given = 'ignore'): Reaction {
  if (given === 'ignore' || given === 'restart') return given
  const name = /^signal:(?:SIG)?([A-Z0-9]+)$/i.exec(given)?.[1]?.toUpperCase()
  const signal = `SIG${name}` as NodeJS.Signals
  if (name !== undefined && Object.hasOwn(constants.signals, signal)) return signal
  throw new UsageError('--on-rotation takes ignore, restart or signal:NAME (signal:HUP).')
}

interface Supervision extends Pick<Call, 'server' | 'terminal' | 'now'> {
  readonly args: readonly [string, ...(string | undefined)[]]
  readonly naming: Naming
  readonly reaction: Reaction
  readonly inherited: Readonly<Record<string, string>>
}

/** Until the program ends by itself. */
async function supervise(child: Child, first: Credentials, given: Supervision): Promise<number> {
  const { server, terminal, reaction, naming, inherited, now } = given
  const over = new AbortController()
  let env = namedSecrets(first.secrets, naming)
  let restart = new AbortController()
  const forwarding = child.forward(onTerminal())
  if (reaction !== 'ignore') {
    const changed = ({ secrets }: Credentials) => {
      env = namedSecrets(secrets, naming)
      if (reaction === 'restart') restart.abort()
      else child.signal(reaction)
    }
    const failed = (error: unknown, delay: number) => told(terminal, error, delay)
    const read = (signal: AbortSignal) => readCredentials(server, given.args[0], signal)
    void follow(first, { read, changed, failed, now }, over.signal)
  }
  try {
    for (;;) {
      const code = await child.run({ ...inherited, ...env }, restart.signal)
      if (code !== undefined) return code
      restart = new AbortController()
    }
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error
    terminal.say(`octroi: ${error.message}`)
    return error.exit
  } finally {
    over.abort()
    forwarding.stop()
  }
}

/** The program goes on with what it has. */
function told(terminal: Terminal, error: unknown, delay: number): void {
  const again = Math.round(delay / 1000)
  terminal.say(`${reportText(reportOf(error))}\n  The secrets could not be read again; once more in ${again} s.`)
}

function onTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true)
}

export const commands = [run]
