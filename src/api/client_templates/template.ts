import type { ClientOpenId } from '../../core/openid_types.ts'

/** What a template says of an application; the rest is as it is without being said. */
export interface TemplateFields {
  readonly name: string
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris?: readonly string[]
  readonly default_role?: string
  readonly openid: Partial<ClientOpenId>
}

/** An application that many have: what it needs of us, and what it has to be told. `url`: its address, without a slash at the end. */
export interface ClientTemplate {
  fields(url: string): TemplateFields
  /** Lines as they stand in its settings. `{issuer}`, `{client_id}` and `{client_secret}` stand for what is known once it is made. */
  instructions(url: string): readonly string[]
}

export interface Told {
  readonly issuer: string
  readonly client_id: string
  /** Not given: its placeholder stays. */
  readonly client_secret?: string | null | undefined
}

/** What is set at the application, with the values in place. */
export function filledIn(lines: readonly string[], told: Told): string[] {
  const { client_secret } = told
  const values: Readonly<Record<string, string>> = {
    issuer: told.issuer,
    client_id: told.client_id,
    ...(client_secret == null ? {} : { client_secret }),
  }
  return lines.map((line) => line.replace(/\{(issuer|client_id|client_secret)\}/g, (all, name) => values[name] ?? all))
}
