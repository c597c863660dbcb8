import { endpoint } from './endpoint.ts'
import { Factors } from './factor_schemas.ts'
import { accountFor } from './people_rules.ts'
import { IdParams } from './schemas.ts'

export const factorsList = endpoint({
  name: 'factors.list',
  method: 'GET',
  path: '/accounts/{id}/factors',
  summary: 'Read which second factors a person has',
  permission: 'accounts.read',
  params: IdParams,
  response: Factors,
  errors: ['not_found'],
  async handle({ params, parts }) {
    const { id } = await accountFor(parts.store, params.id)
    const { factors } = parts.store
    const [passkeys, totps] = [await factors.passkeys(id), await factors.totps(id)]
    return {
      passkeys: passkeys.map(({ id, name, backed_up, created_at, last_used_at }) => ({
        ...{ id, name, backed_up },
        ...{ created_at, last_used_at },
      })),
      totp: totps.map(({ id, name, confirmed_at, created_at }) => ({ id, name, confirmed_at, created_at })),
      recovery_codes: await factors.recoveryCodes(id),
    }
  },
})
