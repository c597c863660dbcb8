import { parseArgs } from 'node:util'

/** Every scenario's name; `proxy` stands for `small` and `large`, `signin` and `oidc` for those that begin so. */
export const SCENARIOS = [
  'small',
  'large',
  'latency',
  'keys',
  'memory',
  'start',
  'storm',
  'schemes',
  'idle',
  'checks',
  'guesses',
  'signin-page',
  'signin-passwords',
  'signin-memory',
  'signin-timing',
  'oidc-token',
  'oidc-memory',
] as const
export type ScenarioName = (typeof SCENARIOS)[number]

export interface Options {
  readonly only: readonly ScenarioName[]
  readonly rounds: number
  /** Length of one measured window, in whole seconds (wrk takes no fractions). */
  readonly seconds: number
  readonly quick: boolean
  readonly json: string | undefined
  readonly peersOnly: boolean
}

/** A mistake in the command line: said in one line, exit 64 (EX_USAGE of sysexits.h). */
export class UsageError extends Error {}

export const USAGE = `npm run bench -- [options]

  --quick          fewer and shorter rounds, smaller stores: to see that it runs, not to quote
  --rounds N       interleaved rounds per scenario (default 5, quick 2)
  --seconds N      seconds of one measured window (default 4, quick 1)
  --only NAME      proxy|signin|oidc|${SCENARIOS.join('|')}; may be repeated
  --json FILE      also write every figure to FILE
  --peers-only     measure the others without Octroi (to try the harness)

Example: npm run bench -- --only small --rounds 7 --json small.json`

function positive(text: string, name: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new UsageError(`--${name} takes a whole number above 0, not "${text}"`)
  return Number(text)
}

function scenarios(name: string): readonly ScenarioName[] {
  if (name === 'proxy') return ['small', 'large']
  if (name === 'signin' || name === 'oidc') return SCENARIOS.filter((known) => known.startsWith(`${name}-`))
  const found = SCENARIOS.find((known) => known === name)
  if (!found) throw new UsageError(`--only takes one of proxy, signin, oidc, ${SCENARIOS.join(', ')}, not "${name}"`)
  return [found]
}

/** The command line as options, or `undefined` when the help was asked for. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parse(argv)
  if (values.help) return undefined
  const asked = (values.only ?? []).flatMap(scenarios)
  return {
    only: asked.length > 0 ? SCENARIOS.filter((name) => asked.includes(name)) : SCENARIOS,
    quick: values.quick ?? false,
    rounds: positive(values.rounds ?? (values.quick ? '2' : '5'), 'rounds'),
    seconds: positive(values.seconds ?? (values.quick ? '1' : '4'), 'seconds'),
    json: values.json,
    peersOnly: values['peers-only'] ?? false,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        quick: { type: 'boolean' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        'peers-only': { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
