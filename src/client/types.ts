import type { z } from 'zod'
import type { Operations } from '../api/index.ts'

/** The types of every call, inferred from the list of operations that the server itself is built from. */

type Operation = Operations[number]

export type Method = Operation['method']

export type PathOf<M extends Method> = Extract<Operation, { method: M }>['path']

type Find<M extends Method, P> = Extract<Operation, { method: M; path: P }>

type Part<T, Name extends string> = T extends { readonly [K in Name]?: infer S } ? NonNullable<S> : never
type Given<S> = [S] extends [never] ? never : S extends z.ZodType ? z.input<S> : never

/** An object that may be left out where all that it holds may be left out. */
type Field<Name extends string, T> = [T] extends [never]
  ? unknown
  : undefined extends T
    ? { readonly [K in Name]?: T }
    : Record<never, never> extends T
      ? { readonly [K in Name]?: T }
      : { readonly [K in Name]: T }

/** The answer of an operation; `undefined` where it answers 204. */
export type Output<M extends Method, P> =
  Part<Find<M, P>, 'response'> extends infer S
    ? [S] extends [never]
      ? undefined
      : S extends z.ZodType
        ? z.output<S>
        : never
    : never

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds; over the client's own. */
  readonly timeout?: number | undefined
  /** On POST: the same key, the same effect once, however often it is sent (24 hours). */
  readonly idempotencyKey?: string | undefined
}

export type Input<M extends Method, P> = CallOptions &
  Field<'params', Given<Part<Find<M, P>, 'params'>>> &
  Field<'query', Given<Part<Find<M, P>, 'query'>>> &
  Field<'body', Given<Part<Find<M, P>, 'body'>>>

/** The last argument may be left out when nothing in it is required. */
export type Arguments<M extends Method, P> =
  Record<never, never> extends Input<M, P> ? [input?: Input<M, P>] : [input: Input<M, P>]

export type Call<M extends Method> = <const P extends PathOf<M>>(
  path: P,
  ...input: Arguments<M, P>
) => Promise<Output<M, P>>

/** Paths whose answer is a list by pages. */
export type PagedPath = {
  [P in PathOf<'GET'>]: Output<'GET', P> extends {
    readonly items: readonly unknown[]
    readonly next_cursor: string | null
  }
    ? P
    : never
}[PathOf<'GET'>]

export type ItemOf<P extends PagedPath> = Output<'GET', P> extends { readonly items: readonly (infer T)[] } ? T : never
