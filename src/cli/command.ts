import type { OctroiClient } from '../client/index.ts'
import type { Settings } from '../config/settings.ts'
import type { DataFolderOperations } from './data_folder.ts'
import type { Terminal } from './terminal.ts'

/** One option. Its name is its key: `allow-http` → `--allow-http`. */
export interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: boolean
  /** What the value is, in the help: `--set NAME=VALUE`. */
  readonly value?: string
  /** What the option means without a value; with one it is written `--name=VALUE`. */
  readonly bare?: string
  /** The boot setting that it gives a value to. */
  readonly setting?: string
  readonly describes: string
}

export type Options = Readonly<Record<string, Option>>

type Value<O extends Option> = O['type'] extends 'boolean' ? boolean : string

export type Values<O extends Options> = {
  readonly [K in keyof O]?: (O[K]['multiple'] extends true ? readonly Value<O[K]>[] : Value<O[K]>) | undefined
}

/** `ID` must be given, `[FILE]` may be; after a last `[ARG...]` any number, for the command to take from the end of the list. */
type Positionals<A extends readonly string[]> = {
  readonly [K in keyof A]: A[K] extends `[${string}]` ? string | undefined : string
}

/** One use of a command: what was given, and what the command may work with. */
export interface Call<O extends Options = Options, A extends readonly string[] = readonly string[]> {
  readonly options: Values<O>
  readonly args: Positionals<A>
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
  /** The running server that the command talks to. */
  readonly server: OctroiClient
  /** The boot settings, from file, environment and flags. Throws `ConfigurationError` with all faults. */
  settings(): Promise<Settings>
  readonly data: DataFolderOperations
}

/** One command. Parsing, the help and `docs/cli.md` come from this declaration. */
export interface Command<O extends Options = Options, A extends readonly string[] = readonly string[]> {
  /** `connection add`. */
  readonly name: string
  readonly args: A
  readonly summary: string
  readonly description?: string
  /** Without the leading `octroi`. */
  readonly examples: readonly string[]
  /** What it works on: a running server (over its API), the data folder, or files that it is given and nothing else. */
  readonly on: 'server' | 'data folder' | 'files'
  readonly options: O
  /** What it ends with; nothing: done. One of `EXIT`, but for a command that ends as the program that it ran. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most commands end with nothing, and do not say so
  run(call: Call<O, A>): Promise<number | void>
}

/** Ties the types of a declaration together. */
export function command<const O extends Options, const A extends readonly string[]>(
  declaration: Command<O, A>,
): Command {
  return declaration as unknown as Command
}

/** sysexits.h for what is not the command's own outcome. */
export const EXIT = { done: 0, failed: 1, usage: 64, configuration: 78 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The command line is wrong or lacks something: exit 64. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly hints: readonly string[]

  constructor(message: string, hints: readonly string[] = []) {
    super(message)
    this.hints = hints
  }
}

/** The command was understood and did not succeed: exit 1. */
export class FailedError extends Error {
  override readonly name = 'FailedError'
}
