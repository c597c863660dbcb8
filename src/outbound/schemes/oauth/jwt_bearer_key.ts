import { ExchangeError } from '../../exchange.ts'
import { parseJson } from '../../json_path.ts'
import type { ConnectionSecrets, Values } from '../../scheme.ts'

/** What a Google key file tells, under the names of its own. */
export const ACCOUNT_NAMES = ['client_email', 'client_id', 'project_id', 'private_key_id'] as const

/**
 * The connection with what its key file holds as secrets of their own (`private_key`, `client_email`, ...). What was given besides
 * the file gives way to it. Throws `ExchangeError` `human` for what is no key file.
 */
export function withAccountFile(connection: ConnectionSecrets): ConnectionSecrets {
  const text = connection.secrets.service_account_json
  if (text === undefined) {
    const { client_email: email, private_key: key } = connection.secrets
    if (email !== undefined && key !== undefined) return connection
    throw new ExchangeError('human', 'Either service_account_json, or client_email and private_key, must be given.')
  }
  const file = parseJson(text)
  if (file === null || typeof file !== 'object')
    throw new ExchangeError('human', 'The secret service_account_json is not JSON: paste the whole key file.')
  const fields = { ...accountFields(file as Readonly<Record<string, unknown>>) }
  for (const name of ['client_email', 'private_key'])
    if (fields[name] === undefined)
      throw new ExchangeError(
        'human',
        `The secret service_account_json has no ${name}: it is not a key of a service account.`,
      )
  return { ...connection, secrets: { ...connection.secrets, ...fields } }
}

function accountFields(file: Readonly<Record<string, unknown>>): Values {
  const texts = ['private_key', ...ACCOUNT_NAMES].map((name) => [name, file[name]] as const)
  return Object.fromEntries(texts.filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string'))
}
