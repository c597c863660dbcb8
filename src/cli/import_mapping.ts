/** Which of the secrets that another system keeps under its own names are fields of a scheme. Never says a value. */

export interface ImportField {
  readonly aliases?: readonly string[] | undefined
  /** Begins the first token under this name instead of being kept. */
  readonly begins?: string | undefined
}

export interface Mapping {
  /** Field → value, as the server takes it. */
  readonly secrets: Readonly<Record<string, string>>
  /** Key of the file → field. */
  readonly taken: Readonly<Record<string, string>>
  /** Key of the file → why it was left. */
  readonly left: Readonly<Record<string, string>>
}

/** Names that mean the same, as the files of Sesam and of its connectors spell them. */
const SAME: readonly (readonly string[])[] = [
  ['client_id', 'oauth_client_id', 'oauth2_client_id'],
  ['client_secret', 'oauth_client_secret', 'oauth2_client_secret'],
  ['oauth_access_token', 'access_token'],
  ['oauth_refresh_token', 'refresh_token'],
  ['consumer_token', 'consumer_key'],
  ['employee_token', 'employee_key'],
  ['private_key', 'rsa_private_key', 'rsa_key'],
  ['api_key', 'apikey'],
  ['username', 'user'],
  ['password', 'passwd'],
]

const OBTAINED = new Set(
  'so_ticket session_token jwt_access_token jwt_refresh_token oauth_access_token oauth_refresh_token access_token refresh_token id_token'.split(
    ' ',
  ),
)

const OF_SESAM = new Set('service_jwt service_url jwt node profile webhook_secret'.split(' '))

/** Throws an `Error` when two keys give one field different values. */
export function mapSecrets(
  found: Readonly<Record<string, unknown>>,
  fields: Readonly<Record<string, ImportField>>,
  settings: readonly string[],
): Mapping {
  const secrets = new Map<string, { readonly key: string; readonly value: string }>()
  const taken: [string, string][] = []
  const left: [string, string][] = []
  for (const [key, value] of Object.entries(found)) {
    const field = fieldFor(key, fields)
    const reason = field === undefined ? whyNot(key, settings) : unusable(value)
    if (field === undefined || reason !== undefined) {
      left.push([key, reason ?? ''])
      continue
    }
    const before = secrets.get(field)
    if (before !== undefined && before.value !== value) {
      throw new Error(`${before.key} and ${key} both mean ${field}, and say different things. Leave one out.`)
    }
    secrets.set(field, { key, value: value as string })
    taken.push([key, field])
  }
  return {
    secrets: Object.fromEntries([...secrets].map(([field, { value }]) => [field, value])),
    taken: Object.fromEntries(taken),
    left: Object.fromEntries(left),
  }
}

/** The exact name first, then a spelling that the connector knows, then one that means the same elsewhere. */
function fieldFor(key: string, fields: Readonly<Record<string, ImportField>>): string | undefined {
  const name = key.toLowerCase().replaceAll('-', '_')
  const names = Object.keys(fields)
  const group = SAME.find((words) => words.includes(name)) ?? []
  return (
    names.find((field) => field === key) ??
    names.find((field) => field.toLowerCase() === name) ??
    names.find((field) => fields[field]?.aliases?.some((alias) => alias.toLowerCase() === name)) ??
    names.find((field) => group.includes(field.toLowerCase()))
  )
}

function unusable(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'is not a text'
  return value === '' ? 'is empty' : undefined
}

function whyNot(key: string, settings: readonly string[]): string {
  const name = key.toLowerCase()
  const setting = settings.find((one) => one.toLowerCase() === name)
  if (setting !== undefined) return `is a setting: --set ${setting}=...`
  if (OBTAINED.has(name)) return 'is a token, and the scheme obtains its own'
  return OF_SESAM.has(name) ? 'belongs to Sesam itself' : 'the scheme asks for nothing of this name'
}
