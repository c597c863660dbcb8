import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COMPILED } from '../support/compiled.ts'

const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts')

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly json: any
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever field they ask about
  readonly problem: any
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly cwd?: string
}

/** Runs the real program. Nothing of the environment of the tests reaches it but what is given. */
export async function octroi(args: readonly string[], { env = {}, stdin = '', cwd }: Surroundings = {}): Promise<Ran> {
  const child = start(args, env, cwd)
  child.stdin.end(stdin)
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (out.stdout += chunk))
  child.stderr.on('data', (chunk) => (out.stderr += chunk))
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return {
    code,
    ...out,
    get json() {
      return parsed(out.stdout)
    },
    get problem() {
      return parsed(out.stderr)
    },
  }
}

/** What is not JSON is a failing expectation, not a failing test helper. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string) {
  return spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '', ...COMPILED, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  })
}

/** From util-linux. */
const PSEUDO_TERMINAL = 'script'

/** The program on a terminal of its own. `answers`: what is typed once a question has come. */
export async function octroiOnTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, typed: string])[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const command = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
  const child = spawn(PSEUDO_TERMINAL, ['-qefc', command, '/dev/null'], {
    env: { PATH: process.env.PATH ?? '', SHELL: '/bin/sh', TERM: 'xterm', ...env },
  })
  let screen = ''
  let seen = 0
  let next = 0
  const asked = () => {
    const question = answers[next]?.[0]
    const at = question === undefined ? -1 : screen.indexOf(question, seen)
    return question === undefined || at < 0 ? undefined : at + question.length
  }
  child.stdout.on('data', (chunk) => {
    screen += chunk
    for (let at = asked(); at !== undefined; at = asked()) {
      seen = at
      child.stdin.write(answers[next++]?.[1] ?? '')
    }
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  if (next < answers.length) throw new Error(`"${answers[next]?.[0]}" was never asked:\n${screen}`)
  return { code, screen }
}

export interface Folder {
  readonly path: string
  file(name: string, text: string): string
  remove(): void
}

export function folder(): Folder {
  // On the disk: references to files below /dev, where other temporary files of a run may be, are refused.
  const path = mkdtempSync(join('/var/tmp', 'octroi-cli-'))
  return {
    path,
    file(name, text) {
      writeFileSync(join(path, name), text, { mode: 0o600 })
      return join(path, name)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}
