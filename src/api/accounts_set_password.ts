import { randomBytes } from 'node:crypto'
import { AccountPassword, AccountPasswordSet } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { requireService } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { notFound, presentAccount } from './presenting.ts'
import { IdParams } from './schemas.ts'

/** 192 bits: nobody guesses it, whatever hash it is kept as. */
const SECRET_BYTES = 24

export const accountsSetPassword = endpoint({
  name: 'accounts.set_password',
  method: 'POST',
  path: '/accounts/{id}/password',
  summary: 'Give an account of a program a password for Basic',
  description:
    'Without one in the body a secret is made, which is in this answer and nowhere else. The password before it ends at once.',
  permission: 'accounts.write',
  params: IdParams,
  body: AccountPasswordSet,
  response: AccountPassword,
  errors: ['not_found'],
  once: ['password'],
  target: ({ id }) => `account:${id}`,
  async handle(operation) {
    const { params, body, parts } = operation
    const known = await parts.store.accounts.get(params.id)
    if (known === undefined) throw notFound('account', params.id)
    requireService(known.kind)
    const made = body.password === undefined ? randomBytes(SECRET_BYTES).toString('hex') : null
    // Before the transaction: a hash takes long, and others wait for the store.
    const hash = await parts.passwords.hash(made ?? (body.password as string))
    const account = await changeAccount(operation, {
      change: (before) => ({ ...before, has_password: true }),
      also: (store) => store.accounts.setPassword(params.id, hash),
      told: { type: 'account.password_changed', data: { has_password: true } },
    })
    return { ...presentAccount(account), password: made }
  },
})
