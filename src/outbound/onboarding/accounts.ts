import { OctroiError } from '../../core/errors.ts'
import { ExchangeError } from '../exchange.ts'
import { parseJson, textAt, valueAt } from '../json_path.ts'
import { signRequest } from '../request_signing.ts'
import type { Target } from '../targets.ts'
import { upstreamError } from '../upstream_error.ts'
import type { AccountOption } from './draft.ts'

const MAX_ACCOUNTS = 500
const MAX_ANSWER = 1024 * 1024

/** The accounts that the person has at the service, where the connector says how they are listed. */
export async function listAccounts(target: Target): Promise<readonly AccountOption[]> {
  const { accounts } = target.connector
  if (accounts === undefined) return []
  const list = valueAt(parseJson(await answerTo(target, accounts.request.slice('GET '.length))), accounts.items)
  if (!Array.isArray(list)) throw new ExchangeError('transient', 'The service did not answer with a list of accounts.')
  return list.slice(0, MAX_ACCOUNTS).flatMap((item) => {
    const id = textAt(item, accounts.id)
    return id === undefined ? [] : [{ id, label: textAt(item, accounts.label) ?? id }]
  })
}

async function answerTo(target: Target, reference: string): Promise<string> {
  const [path = '', query = ''] = reference.split('?')
  const signed = signRequest(target.signature, {
    method: 'GET',
    origin: target.upstream.origin,
    path: `${target.basePath}${path}`,
    query,
    headers: ['accept', 'application/json', 'accept-encoding', 'identity', 'user-agent', 'Octroi'],
    body: null,
    params: {},
    now: Date.now(),
  })
  try {
    const answer = await target.upstream.pool.request({
      method: 'GET',
      path: `${target.basePath}${path}${signed.query === '' ? '' : `?${signed.query}`}`,
      headers: [...signed.headers],
      signal: AbortSignal.timeout(target.firstByteMs),
    })
    const body = await answer.body.text()
    if (answer.statusCode === 200 && body.length <= MAX_ANSWER) return body
    throw new OctroiError('upstream_unreachable', `The service answered ${answer.statusCode} to the list of accounts.`)
  } catch (error) {
    throw upstreamError(error)
  }
}
