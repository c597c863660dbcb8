import { SIGN_IN_KINDS, type SignInKind } from '../core/people_types.ts'
import { METHOD_KINDS } from '../sign_in/methods/index.ts'
import { type Call, command, FailedError, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { givenSecrets, type Secrets } from './connection_giving.ts'
import { collect, given } from './input.ts'
import { METHOD_FIELDS, methodFields, methodText, type SignInMethod, settingsOf } from './sign_in_method_input.ts'
import { table } from './table.ts'
import type { Terminal } from './terminal.ts'

const add = command({
  name: 'sign-in-method add',
  args: ['KIND'],
  summary: 'Set up a way for people to sign in: oidc, ldap, password or passkey',
  description:
    'The answer has the addresses to register at the provider. Secrets are asked for on a terminal, and never given on the command line, where others can read them.',
  examples: [
    'sign-in-method add oidc --preset proconnect --set client_id=0a1b2c --set environment=production --secret-file client_secret=/run/secrets/proconnect',
    'sign-in-method add oidc --id corp --name Corporate --preset keycloak --set issuer=https://id.example.org/realms/corp --set client_id=octroi --set claims.groups=/groups --set group_map.editors=editors --secret-env client_secret=CORP_SECRET',
    'sign-in-method add ldap --preset openldap --set urls=ldaps://ldap.example.org --set base_dn=dc=example,dc=org --set bind_dn=cn=octroi,dc=example,dc=org --secret-file bind_password=/run/secrets/ldap --allow-private=10.0.0.0/24',
  ],
  on: 'server',
  options: {
    id: { type: 'string', value: 'ID', describes: 'It stands in /sign-in/ID; otherwise made of the name.' },
    name: { type: 'string', value: 'NAME', describes: 'On its button; otherwise that of the preset or the kind.' },
    preset: { type: 'string', value: 'NAME', describes: 'What is known of a provider or directory: see the docs.' },
    ...METHOD_FIELDS,
  },
  async run({ args: [asked], options, terminal, server, env }) {
    const kind = kindOf(asked)
    const settings = { ...given({ preset: options.preset }), ...settingsOf(kind, options) }
    const secrets = await withAsked(terminal, kind, options, await givenSecrets(options, terminal, env))
    const { title, presetNames } = METHOD_KINDS[kind]
    const { id, name = presetNames?.[options.preset ?? ''] ?? title } = options
    const made = await server.post('/sign-in-methods', {
      body: { kind, name, ...given({ id }), ...methodFields(options), settings, secrets },
    })
    tell(terminal, made)
  },
})

function kindOf(asked: string): SignInKind {
  const kind = SIGN_IN_KINDS.find((known) => known === asked)
  if (kind === undefined) throw new UsageError(`There are the kinds ${SIGN_IN_KINDS.join(', ')}, not ${asked}.`)
  return kind
}

/** Those of the kind that are not given, on a terminal; which of them are needed, the server knows. */
async function withAsked(
  terminal: Terminal,
  kind: SignInKind,
  { stdin }: { readonly stdin?: boolean | undefined },
  secrets: Secrets,
): Promise<Secrets> {
  if (!terminal.interactive || stdin === true || Object.keys(secrets).length > 0) return secrets
  const asked: Record<string, string> = {}
  for (const [name, { title }] of Object.entries(METHOD_KINDS[kind].secrets)) {
    // A key of several lines cannot be typed as one.
    if (name === 'private_key') continue
    const answer = await terminal.askHidden(`${title}, or nothing`)
    if (answer !== '') asked[name] = answer
  }
  return asked
}

type Made = SignInMethod & { readonly warnings: readonly string[] }

function tell(terminal: Terminal, made: Made): void {
  const { warnings, ...method } = made
  warn(terminal, warnings)
  terminal.answer(made, () => methodText(method))
  if (method.redirect_uri !== null) {
    terminal.say(`\nRegister at the provider, as redirect URI:    ${method.redirect_uri}`)
    terminal.say(`and as post-logout redirect URI:              ${method.post_logout_redirect_uri}`)
  }
  if (method.kind === 'oidc' || method.kind === 'ldap')
    terminal.say(`\nTry it with: octroi sign-in-method test ${method.id}`)
}

const ls = command({
  name: 'sign-in-method ls',
  args: [],
  summary: 'List the ways to sign in, in the order in which people see them',
  examples: ['sign-in-method ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const all = await collect(server.pages('/sign-in-methods', { query: { limit: 200 } }))
    const methods = all.sort((a, b) => a.position - b.position)
    terminal.answer(methods, () =>
      table(
        ['ID', 'KIND', 'NAME', 'STATE', 'STRANGERS', 'SECOND FACTOR'],
        methods.map(({ id, kind, name, enabled, first_sign_in, second_factor }) => [
          ...[id, kind, name, enabled ? 'enabled' : 'disabled'],
          ...[first_sign_in, second_factor],
        ]),
        'There is no sign-in method: nobody can sign in.',
      ),
    )
  },
})

const show = command({
  name: 'sign-in-method show',
  args: ['ID'],
  summary: 'Read one sign-in method, with the addresses to register at the provider',
  examples: ['sign-in-method show corp'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const method = await server.get('/sign-in-methods/{id}', { params: { id } })
    terminal.answer(method, () => methodText(method))
  },
})

const set = command({
  name: 'sign-in-method set',
  args: ['ID'],
  summary: 'Change, enable or disable a sign-in method',
  description:
    'Only what is given changes; a list that is given replaces the whole list. Another address, other TLS or another network needs the secrets anew.',
  examples: [
    'sign-in-method set corp --set trust_email=true --first-sign-in create',
    'sign-in-method set corp --set issuer=https://id2.example.org/realms/corp --secret-file client_secret=/run/secrets/corp',
    'sign-in-method set password --enabled=no',
  ],
  on: 'server',
  options: { name: { type: 'string', value: 'NAME', describes: 'On its button.' }, ...METHOD_FIELDS },
  async run(call) {
    const { args, terminal, server } = call
    const [id] = args
    const before = await server.get('/sign-in-methods/{id}', { params: { id } })
    const body = await changesOf(call, before)
    if (Object.keys(body).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi sign-in-method set --help'])
    const { warnings, ...method } = await server.patch('/sign-in-methods/{id}', { params: { id }, body })
    warn(terminal, warnings)
    terminal.answer({ ...method, warnings }, () => methodText(method))
  },
})

type Setting = Call<typeof METHOD_FIELDS & { readonly name: { readonly type: 'string'; readonly describes: string } }>

async function changesOf({ options, terminal, env }: Setting, before: SignInMethod) {
  const secrets = await givenSecrets(options, terminal, env)
  return given({
    name: options.name,
    ...methodFields(options, before.network),
    settings: settingsOf(before.kind, options, before.settings),
    secrets: Object.keys(secrets).length === 0 ? undefined : secrets,
  })
}

const test = command({
  name: 'sign-in-method test',
  args: ['ID'],
  summary: 'Ask the provider or directory whether the method can be used; nobody is signed in',
  description: 'Exit 1 when it cannot.',
  examples: ['sign-in-method test corp'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const result = await server.post('/sign-in-methods/{id}/test', { params: { id } })
    terminal.answer(result, () => (result.ok ? `${id} can be used (${result.ms} ms).` : result.problems.join('\n')))
    if (!result.ok) throw new FailedError(`${id} cannot be used as it is`)
  },
})

const rm = command({
  name: 'sign-in-method rm',
  args: ['ID'],
  summary: 'Delete a sign-in method that no application names',
  description: 'Who came by it has no way in until a method of the same issuer is there, or another way of his own.',
  examples: ['sign-in-method rm corp --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { name } = await server.get('/sign-in-methods/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the sign-in method ${id} (${name})?`)
    const { warnings } = await server.delete('/sign-in-methods/{id}', { params: { id } })
    warn(terminal, warnings)
    terminal.answer({ deleted: id, warnings }, () => `${id} is deleted.`)
  },
})

function warn(terminal: Terminal, warnings: readonly string[]): void {
  for (const warning of warnings) terminal.say(`Note: ${warning}.`)
}

export const commands = [add, ls, show, set, test, rm]
