import type Provider from 'oidc-provider'
import type { errors, interactionPolicy, KoaContextWithOIDC } from 'oidc-provider'

/** What is used of the library's module. */
export interface OidcLibrary {
  readonly Provider: typeof Provider & { readonly ctx: KoaContextWithOIDC | undefined }
  readonly errors: typeof errors
  readonly interactionPolicy: typeof interactionPolicy
}

let loaded: Promise<OidcLibrary> | undefined

/** Loaded when it is first used: a tenth of a second, and twenty megabytes, that a gate without OpenID clients does without. */
export function loadLibrary(): Promise<OidcLibrary> {
  loaded ??= quietly(() => import('oidc-provider') as unknown as Promise<OidcLibrary>).catch((error) => {
    loaded = undefined
    throw error
  })
  return loaded
}

/**
 * The library writes notices to the console while it is loaded and set up (of a runtime that it does not know, for one). Nothing but our own
 * lines may be on stdout; what anybody else writes meanwhile passes.
 */
export async function quietly<T>(work: () => T | Promise<T>): Promise<T> {
  const { info, warn } = console
  const unlessNotice =
    (write: typeof console.info) =>
    (...line: unknown[]) => {
      if (!String(line[0]).includes('oidc-provider ')) write(...line)
    }
  console.info = unlessNotice(info)
  console.warn = unlessNotice(warn)
  try {
    return await work()
  } finally {
    console.info = info
    console.warn = warn
  }
}
