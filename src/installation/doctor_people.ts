import type { Client, Organization, SignInMethod } from '../core/people_types.ts'
import { type Finding, warning } from './doctor_finding.ts'
import { type DoctorParts, every } from './doctor_rows.ts'

/** Ways in that lead nowhere, and applications that let in nobody, or show a token to everybody who reads an address. */
export async function peopleFindings({ store }: Pick<DoctorParts, 'store'>): Promise<Finding[]> {
  const methods = (await store.signInMethods.all()).map(({ method }) => method)
  const clients: Client[] = []
  for await (const client of every<Client>((page) => store.clients.list(page))) clients.push(client)
  let organizations = 0
  for await (const _ of every<Organization>((page) => store.organizations.list(page))) organizations++
  return [
    ...methodFindings(methods, organizations),
    ...clientFindings(
      clients.filter(({ disabled_at }) => disabled_at === null),
      methods,
    ),
    {
      level: 'ok',
      code: 'people.count',
      message: `Sign-in methods: ${methods.length}, applications: ${clients.length}, organizations: ${organizations}.`,
    },
  ]
}

function methodFindings(methods: readonly SignInMethod[], organizations: number): Finding[] {
  const enabled = methods.filter((method) => method.enabled)
  const stopping = organizations > 0 ? [] : enabled.filter((method) => method.organizations === 'required')
  return [
    ...(enabled.length > 0
      ? []
      : [
          {
            level: 'warning',
            code: 'sign_in.no_method',
            message: 'No sign-in method is enabled: nobody can sign in.',
            advice: 'octroi sign-in-method ls shows those that there are.',
          } as const,
        ]),
    ...warning(
      'sign_in.no_organization',
      'Sign-in methods that ask for an organization, while none is known: everybody stops at the help page',
      stopping,
      'octroi organization add, or octroi sign-in-method set ID --organizations optional.',
    ),
  ]
}

function clientFindings(clients: readonly Client[], methods: readonly SignInMethod[]): Finding[] {
  const enabled = new Set(methods.filter((method) => method.enabled).map(({ id }) => id))
  return [
    ...warning(
      'client.nobody',
      'Applications that nobody may use',
      clients.filter(allowsNobody),
      'octroi client set ID --allow-group GROUP (or --allow-account, --allow-organization, --allow-authenticated).',
    ),
    ...warning(
      'client.no_method',
      'Applications whose sign-in methods are all disabled or gone',
      clients.filter((client) => client.methods.length > 0 && !client.methods.some((id) => enabled.has(id))),
      'octroi client set ID --method METHOD',
    ),
    ...warning(
      'client.token_in_query',
      'Applications that get tokens of people in addresses, which browsers, proxies and logs keep',
      clients.filter(({ token_in_query }) => token_in_query),
      'Let the application exchange a code (POST /session/exchange), then octroi client set ID --no-token-in-query.',
    ),
  ]
}

function allowsNobody({ allow }: Client): boolean {
  return !allow.authenticated && allow.accounts.length + allow.groups.length + allow.organizations.length === 0
}
