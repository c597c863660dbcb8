import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigurationError } from '../core/errors.ts'
import { type Call, command, EXIT, UsageError } from './command.ts'
import { textOf } from './input.ts'
import { readCurrent, withSignedUp } from './state_current.ts'
import { parseState } from './state_file.ts'
import { planOf, resolveSecrets, type ShownOnce, type Step } from './state_plan.ts'
import { plain } from './table.ts'

const apply = command({
  name: 'apply',
  args: ['FILE'],
  summary: 'Make the server what a file says',
  description:
    'Prints a plan, exit 0; --yes carries it out. The whole file is checked first and every fault is told (exit 78). Things that the file does not name are left alone, unless --prune. Secrets cannot be compared: they are sent for a new connection, for one whose address or network changes, for every change of an application, for an account that has no password yet, and with --secrets. A route allows a key as {account: ..., name: ...}. A new key is printed once, as "account name key", the new secret of a webhook as "webhook id secret".',
  examples: ['apply state.yaml', 'apply state.yaml --yes --keys-out new-keys.jsonl', 'apply state.yaml --check'],
  on: 'server',
  options: {
    yes: { type: 'boolean', describes: 'Carry the plan out.' },
    check: { type: 'boolean', describes: 'Only the plan; exit 1 when there is something to do.' },
    prune: {
      type: 'boolean',
      describes:
        'Delete accounts and connections, and revoke keys, that the file does not name, never the key in use; of groups, organizations, sign-in methods, applications, issuers, clients, routes and webhooks only where the file has that list.',
    },
    secrets: {
      type: 'boolean',
      describes: 'Send the secrets of every account, sign-in method, application, connection and webhook in the file.',
    },
    'no-verify': { type: 'boolean', describes: 'Do not try connections at their service first.' },
    'keys-out': {
      type: 'string',
      value: 'FILE',
      describes: 'Write new keys and secrets to a new file (0600), one JSON object a line.',
    },
  },
  async run(call) {
    const { args, options, terminal, server, env } = call
    if (options.yes && options.check) throw new UsageError('--yes and --check exclude each other.')
    const file = resolve(args[0])
    const state = parseState(textOf('FILE', file), args[0])
    const read = await readCurrent(server)
    const current = options.prune === true ? await withSignedUp(server, read, state.accounts) : read
    const plan = planOf(state, current, {
      prune: options.prune === true,
      secrets: options.secrets === true,
    })
    const { values, faults } = resolveSecrets(plan, file, env)
    const todo = plan.filter(({ action }) => action !== 'unchanged')
    if (options.yes !== true) {
      terminal.answer(answerOf(plan, false, []), () => planText(plan))
      if (todo.length > 0) terminal.say('\nCarry it out with --yes.')
      if (faults.length > 0) terminal.say(`It lacks:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
      return options.check && todo.length > 0 ? EXIT.failed : EXIT.done
    }
    if (faults.length > 0) throw new ConfigurationError(faults.map((fault) => `${args[0]}: ${fault}`))
    await carryOut(call, options, plan, values)
  },
})

async function carryOut(
  { terminal, server }: Pick<Call, 'terminal' | 'server'>,
  options: { readonly 'keys-out'?: string | undefined; readonly 'no-verify'?: boolean | undefined },
  plan: readonly Step[],
  secrets: ReadonlyMap<Step, Readonly<Record<string, string>>>,
): Promise<void> {
  const out = options['keys-out'] === undefined ? undefined : new KeysFile(options['keys-out'])
  const made: ShownOnce[] = []
  const done: Step[] = []
  const shownOnce = (one: ShownOnce) => {
    made.push(one)
    if (out !== undefined) out.write(one)
    else if (!terminal.json) {
      terminal.print(shownText(one))
    }
  }
  try {
    for (const step of plan) {
      await step.run?.(server, secrets.get(step) ?? {}, options['no-verify'] !== true, shownOnce)
      done.push(step)
      if (step.action !== 'unchanged') terminal.say(stepText(step))
    }
    terminal.say(summaryOf(plan))
  } catch (error) {
    terminal.say('Stopped; what is listed above was done. The same command goes on from here.')
    throw error
  } finally {
    out?.close()
    if (terminal.json)
      terminal.answer(answerOf(done, done.length === plan.length, out === undefined ? made : []), () => '')
  }
}

function shownText(one: ShownOnce): string {
  if ('key' in one) return `${one.account} ${one.name} ${one.key}`
  return 'client' in one ? `client ${one.client} ${one.client_secret}` : `webhook ${one.webhook} ${one.secret}`
}

/** Opened before anything is done: a key that cannot be written down must not be made. */
class KeysFile {
  readonly #path: string
  readonly #descriptor: number
  #written = false

  constructor(path: string) {
    this.#path = path
    try {
      this.#descriptor = openSync(path, 'wx', 0o600)
    } catch (error) {
      throw new UsageError(`--keys-out ${path}: cannot be made (${(error as NodeJS.ErrnoException).code}).`)
    }
  }

  write(one: ShownOnce): void {
    this.#written = true
    writeSync(this.#descriptor, `${JSON.stringify(one)}\n`)
  }

  close(): void {
    closeSync(this.#descriptor)
    if (!this.#written) rmSync(this.#path)
  }
}

function answerOf(steps: readonly Step[], applied: boolean, made: readonly ShownOnce[]) {
  return {
    applied,
    changes: steps.filter(({ action }) => action !== 'unchanged').length,
    steps: steps.map(({ action, noun, id, fields }) => ({ action, noun, id, fields })),
    keys: made.filter((one) => 'key' in one),
    webhook_secrets: made.filter((one) => 'webhook' in one),
    client_secrets: made.filter((one) => 'client' in one),
  }
}

const SIGNS = { create: '+', update: '~', delete: '-', unchanged: '=' } as const

function planText(plan: readonly Step[]): string {
  return [...plan.filter(({ action }) => action !== 'unchanged').map(stepText), summaryOf(plan)].join('\n')
}

function stepText({ action, noun, id, fields }: Step): string {
  return plain(`${SIGNS[action]} ${noun} ${id}${fields.length === 0 ? '' : ` (${fields.join(', ')})`}`)
}

function summaryOf(plan: readonly Step[]): string {
  const count = (wanted: Step['action']) => plan.filter(({ action }) => action === wanted).length
  if (plan.every(({ action }) => action === 'unchanged')) return `Nothing to do: ${plan.length} unchanged.`
  return `${count('create')} to create, ${count('update')} to update, ${count('delete')} to delete, ${count('unchanged')} unchanged.`
}

export const commands = [apply]
