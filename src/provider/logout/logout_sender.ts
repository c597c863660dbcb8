import { OctroiError } from '../../core/errors.ts'
import type { NetworkPolicy } from '../../core/types.ts'

/** What came of telling an application once. `detail` is ours: nothing of its answer but its status is kept. */
export interface Told {
  /** `refused`: it could not log anybody out, and says that it is no use to ask again (Back-Channel Logout 1.0 §2.8). */
  readonly outcome: 'told' | 'again' | 'refused'
  readonly status: number | null
  readonly detail: string
}

/** A fetch to checked addresses only, that follows no redirect and takes five seconds at most. */
export type FetchFor = (network: NetworkPolicy) => typeof fetch

/** One POST of a logout token (Back-Channel Logout 1.0 §2.5). Never throws for the application's faults. */
export async function tellApplication(
  fetchFor: FetchFor,
  { uri, network }: { readonly uri: string; readonly network: NetworkPolicy },
  token: string,
  signal: AbortSignal,
): Promise<Told> {
  try {
    const { status } = await fetchFor(network)(uri, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
      signal,
    })
    return { outcome: outcomeOf(status), status, detail: `The application answered ${status}${redirects(status)}.` }
  } catch (error) {
    if (signal.aborted || !(error instanceof OctroiError)) throw error
    return { outcome: 'again', status: null, detail: failure(error) }
  }
}

function outcomeOf(status: number): Told['outcome'] {
  if (status >= 200 && status < 300) return 'told'
  return status === 400 ? 'refused' : 'again'
}

function redirects(status: number): string {
  return status >= 300 && status < 400 ? '; redirects are not followed' : ''
}

function failure({ code, detail }: OctroiError): string {
  if (code === 'upstream_timeout') return 'The application did not answer in time.'
  if (code === 'upstream_refused_address')
    return 'The address of the application is one that it may not be told at (network.allow_private).'
  return detail.replace('The service', 'The application')
}
