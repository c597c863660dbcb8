/** What a Dockerfile says, read strictly: an instruction that is not known here is a fault. */

export interface Instruction {
  readonly name: string
  readonly text: string
  readonly flags: Readonly<Record<string, string>>
  readonly words: readonly string[]
}

export interface Stage {
  readonly from: string
  readonly as: string | undefined
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly args: Readonly<Record<string, string>>
  readonly stages: readonly Stage[]
}

const KNOWN = new Set(
  'FROM ARG WORKDIR COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD LABEL'.split(' '),
)
const FLAG = /^--([a-z-]+)=(\S+)$/

export function parseDockerfile(source: string): Dockerfile {
  const lines = source
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^\s*#/.test(line))
  const args: Record<string, string> = {}
  const stages: { from: string; as: string | undefined; instructions: Instruction[] }[] = []
  for (const line of lines) {
    const instruction = parseLine(line)
    const { name, words } = instruction
    if (name === 'FROM') {
      const [image = '', word, as] = words
      if (words.length !== 1 && (words.length !== 3 || word?.toUpperCase() !== 'AS')) throw new Error(line)
      stages.push({ from: image.replace(/\$\{(\w+)\}/g, (_, arg) => args[arg] ?? ''), as, instructions: [] })
    } else if (stages.length === 0) {
      const [, arg, value] = /^(\w+)=(\S+)$/.exec(words.join(' ')) ?? []
      if (name !== 'ARG' || arg === undefined || value === undefined) throw new Error(line)
      args[arg] = value
    } else stages.at(-1)?.instructions.push(instruction)
  }
  return { args, stages }
}

function parseLine(line: string): Instruction {
  const [, name = '', rest = ''] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? []
  if (!KNOWN.has(name)) throw new Error(`not an instruction: ${line}`)
  const all = rest.trim().split(/\s+/)
  const first = all.findIndex((word) => !FLAG.test(word))
  const flags = Object.fromEntries(all.slice(0, first).map((word) => (FLAG.exec(word) as RegExpExecArray).slice(1)))
  const words = all.slice(first)
  return { name, flags, words, text: words.join(' ') }
}

/** `["a", "b"]`: what is started without a shell. */
export function execForm({ text }: Pick<Instruction, 'text'>): string[] {
  const words: unknown = JSON.parse(text)
  if (!Array.isArray(words) || !words.every((word) => typeof word === 'string')) throw new Error(text)
  return words
}

export function theOnly(stage: Stage, name: string): Instruction {
  const found = stage.instructions.filter((each) => each.name === name)
  if (found.length !== 1) throw new Error(`${found.length} times ${name}`)
  return found[0] as Instruction
}

export function environmentOf(stage: Stage): Record<string, string> {
  const pairs = stage.instructions.filter(({ name }) => name === 'ENV').flatMap(({ words }) => words)
  return Object.fromEntries(pairs.map((pair) => (/^(\w+)=(.*)$/.exec(pair) as RegExpExecArray).slice(1)))
}
