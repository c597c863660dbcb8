import type { SignInMethod } from '../../src/core/people_types.ts'
import type { Account } from '../../src/core/types.ts'

const AT = '2026-11-22T00:00:00.000Z'

export function person(fields: Partial<Account> = {}): Account {
  return {
    id: 'ada',
    kind: 'person',
    name: 'Ada Lovelace',
    description: '',
    email: null,
    groups: [],
    grants: [],
    certificate_subjects: [],
    has_password: true,
    disabled_at: null,
    created_at: AT,
    updated_at: AT,
    ...fields,
  }
}

/** As the migration makes it. */
export function passwordMethodRow(): SignInMethod {
  return {
    id: 'password',
    kind: 'password',
    name: 'Password',
    position: 0,
    enabled: true,
    settings: {},
    secret_names: [],
    first_sign_in: 'refuse',
    second_factor: 'enrolled',
    groups: [],
    organizations: 'ignore',
    network: {},
    created_at: AT,
    updated_at: AT,
  }
}
