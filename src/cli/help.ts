import type { Command, Option } from './command.ts'
import { NOUNS, type Noun } from './commands.ts'
import { commonOptions, takesMore } from './parse.ts'

export function overview(version: string): string {
  const width = Math.max(...NOUNS.map(({ name }) => name.length))
  const lines = NOUNS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `Octroi ${version}: a gate for the credentials of an organisation

Usage: octroi COMMAND [options]

${lines.join('\n')}

  octroi help COMMAND      how to use one command, with an example
  octroi --version         the version

Begin with: octroi init, octroi serve, octroi connection add
A running server is found by OCTROI_URL (http://127.0.0.1:8700), and you are known to it by OCTROI_KEY.`
}

export function nounHelp({ name, summary }: Noun, commands: readonly Command[]): string {
  const width = Math.max(...commands.map((command) => invocation(command).length))
  const lines = commands.map((command) => `  ${invocation(command).padEnd(width)}  ${command.summary}`)
  return `octroi ${name}: ${summary}\n\n${lines.join('\n')}\n\nSee: octroi help ${name} COMMAND`
}

export function commandHelp(command: Command): string {
  const own = optionLines(command.options)
  return [
    `${command.summary}.`,
    `Usage: octroi ${invocation(command)}`,
    ...(command.description === undefined ? [] : [wrapped(command.description)]),
    ...(own.length === 0 ? [] : [`Options:\n${own.join('\n')}`]),
    `Options of every command on ${PLACES[command.on]}:\n${optionLines(commonOptions(command.on)).join('\n')}`,
    `Example${command.examples.length === 1 ? '' : 's'}:\n${command.examples.map((example) => `  octroi ${example}`).join('\n')}`,
  ].join('\n\n')
}

export function invocation(command: Command): string {
  const options = Object.keys(command.options).length === 0 ? [] : ['[options]']
  if (!takesMore(command)) return [command.name, ...command.args, ...options].join(' ')
  const [first = '', ...program] = command.args
  return [command.name, first, ...options, '--', ...program].join(' ')
}

/** `--set NAME=VALUE`, `--allow-private[=CIDR,...]`. */
export function spelling(name: string, { type, value, bare }: Option): string {
  if (type === 'boolean') return `--${name}`
  return bare === undefined ? `--${name} ${value ?? 'VALUE'}` : `--${name}[=${value ?? 'VALUE'}]`
}

export function describes({ describes, multiple }: Option): string {
  return multiple ? `${describes} Repeatable.` : describes
}

export const PLACES: Readonly<Record<Command['on'], string>> = {
  server: 'a running server',
  'data folder': 'the data folder',
  files: 'files alone',
}

const LEFT = 30

function optionLines(options: Readonly<Record<string, Option>>): string[] {
  return Object.entries(options).map(([name, option]) => {
    const left = `  ${spelling(name, option)}`
    const right = wrapped(describes(option), 100 - LEFT).replaceAll('\n', `\n${' '.repeat(LEFT)}`)
    return left.length < LEFT - 1 ? left.padEnd(LEFT) + right : `${left}\n${' '.repeat(LEFT)}${right}`
  })
}

function wrapped(text: string, width = 100): string {
  let line = ''
  const lines: string[] = []
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > width) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join('\n')
}
