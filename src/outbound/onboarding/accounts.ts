import { OctroiError } from '../../core/errors.ts'
import type { Target } from '../connections/targets.ts'
import { ExchangeError } from '../exchange.ts'
import { parseJson, textAt, valueAt } from '../json_path.ts'
import { ask } from '../network/ask.ts'
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
  const { status, body } = await ask(target, 'GET', reference, { maxBytes: MAX_ANSWER })
  if (status === 200 && body.length <= MAX_ANSWER) return body.toString('utf8')
  throw new OctroiError('upstream_unreachable', `The service answered ${status} to the list of accounts.`)
}
