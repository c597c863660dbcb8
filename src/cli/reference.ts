import type { Command } from './command.ts'
import { allCommands, NOUNS } from './commands.ts'
import { describes, invocation, PLACES, spelling } from './help.ts'
import { commonOptions } from './parse.ts'

const HEAD = `# The command line

<!-- Made from the declarations in src/cli by test/cli/reference.test.ts; \`vitest run test/cli/reference.test.ts -u\` writes it anew. -->

\`./octroi COMMAND\` in a checkout is the same program as the installed \`octroi\`. \`octroi help COMMAND\` says what stands here.

Commands either talk to a **running server** (\`OCTROI_URL\`, by default \`http://127.0.0.1:8700\`; you are known to it by the key in
\`OCTROI_KEY\`), or work on the **data folder** with the [boot settings](settings.md), or on **files alone** that they are given.

- **stdout carries the answer alone**: a table, with \`--json\` one JSON document, and where something is shown this once (a new key)
  that and nothing else, so that \`KEY=$(octroi key create ...)\` holds the key. All words around it go to stderr.
- **\`--json\`** never asks. A failure is then one JSON object on stderr: \`code\`, \`detail\`, \`errors\` (\`path\`, \`message\`), \`status\`,
  \`request_id\`, \`retry_after\`, \`hints\`, \`exit\`.
- **Secrets and keys are never options**: every user of the machine can read a command line. They come from a file, from the
  environment, as JSON on stdin, or are asked for on a terminal without being shown.
- **Times** are durations (\`60s\`, \`30m\`, \`12h\`, \`90d\`, \`2w\`) or RFC 3339 (\`2027-01-31T12:00:00Z\`).
- A value that begins with \`-\` is written \`--option=VALUE\`.

| exit | means |
|---|---|
| 0 | done |
| 1 | refused or failed: the server said no, or cannot be reached; a test, a check or a verification found something |
| 64 | usage: an unknown command or option, something missing that cannot be asked for |
| 78 | configuration: no key, a wrong boot setting, state file or template; every fault is told, one a line |

\`octroi run\` ends with the exit code of the program that it ran.

\`OCTROI_LOG_LEVEL=debug\` shows where an unexpected failure came from.
`

/** `docs/cli.md`. */
export async function reference(): Promise<string> {
  const commands = await allCommands()
  const nouns = NOUNS.map(({ name, summary }) => {
    const own = commands.filter((command) => command.name.split(' ')[0] === name)
    return [`## ${name}`, `${summary}.`, ...own.map(section)].join('\n\n')
  })
  const common = (['server', 'data folder', 'files'] as const).map(
    (on) => `On ${PLACES[on]}:\n\n${optionTable(commonOptions(on))}`,
  )
  return `${[HEAD.trimEnd(), '## Options of every command', ...common, ...nouns].join('\n\n')}\n`
}

function section(command: Command): string {
  const options = Object.keys(command.options).length === 0 ? [] : [optionTable(command.options)]
  return [
    `### octroi ${command.name}`,
    `\`octroi ${invocation(command)}\` · on ${PLACES[command.on]}`,
    `${command.summary}.${command.description === undefined ? '' : ` ${command.description}`}`,
    ...options,
    `\`\`\`sh\n${command.examples.map((example) => `octroi ${example}`).join('\n')}\n\`\`\``,
  ].join('\n\n')
}

function optionTable(options: Command['options']): string {
  const rows = Object.entries(options).map(
    ([name, option]) => `| \`${spelling(name, option)}\` | ${describes(option).replaceAll('|', '\\|')} |`,
  )
  return ['| option | |', '|---|---|', ...rows].join('\n')
}
