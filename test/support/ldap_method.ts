import type { SignInMethod } from '../../src/core/people_types.ts'
import type { NetworkPolicy } from '../../src/core/types.ts'
import { directorySockets } from '../../src/outbound/network/directory_sockets.ts'
import { Throttle } from '../../src/policy/throttle.ts'
import { type checkLdap, ldapKind } from '../../src/sign_in/methods/ldap.ts'

/** A method of kind ldap as the store has it, and what it is opened with. */

export function ldapMethod(settings: Readonly<Record<string, unknown>>, network: NetworkPolicy): SignInMethod {
  const preset = ldapKind.presets[settings.preset as string] ?? {}
  return {
    id: 'directory',
    kind: 'ldap',
    name: 'Directory',
    position: 0,
    enabled: true,
    settings: ldapKind.settings.parse({ ...preset, ...settings }),
    secret_names: ['bind_password'],
    first_sign_in: 'create',
    second_factor: 'never',
    groups: [],
    organizations: 'ignore',
    network,
    created_at: '2026-11-22T00:00:00.000Z',
    updated_at: '2026-11-22T00:00:00.000Z',
  }
}

export interface Warned {
  readonly fields: object
  readonly message: string
}

export function ldapParts(accounts: ReadonlyMap<string, string> = new Map()) {
  const warnings: Warned[] = []
  const parts: Parameters<typeof checkLdap>[2] = {
    store: {
      identities: {
        find: async (issuer, subject) => {
          const account = accounts.get(`${issuer} ${subject}`)
          const dates = { created_at: '2026-11-22T00:00:00.000Z', last_used_at: null }
          return account === undefined
            ? undefined
            : { id: 'i', account, issuer, subject, method: 'directory', label: '', ...dates }
        },
      },
    },
    throttle: new Throttle({ now: () => Date.now() }),
    directoriesFor: directorySockets(() => []),
    now: () => Date.now(),
    log: { warn: (fields, message) => warnings.push({ fields, message }), error: () => undefined },
  }
  return { parts, warnings }
}
