import { randomBytes } from 'node:crypto'
import type { Account } from '../core/types.ts'
import { AccountPassword, AccountPasswordSet } from './account_schemas.ts'
import { changeAccount } from './accounts_changing.ts'
import { showAccount } from './accounts_presenting.ts'
import { checkPassword, notValid } from './accounts_rules.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { IdParams } from './schemas.ts'

/** 192 bits: nobody guesses it, whatever hash it is kept as. */
const SECRET_BYTES = 24

export const accountsSetPassword = endpoint({
  name: 'accounts.set_password',
  method: 'POST',
  path: '/accounts/{id}/password',
  summary: 'Give an account a password: a program for Basic, a person to sign in with',
  description:
    'Without one in the body a secret is made for a program, which is in this answer and nowhere else. The password before it ends at once, with the sessions of a person. A person chooses one himself by POST /accounts/{id}/reset-password.',
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
    const made = body.password === undefined ? madeFor(known) : null
    if (body.password !== undefined) checkPassword(body.password, known)
    // Before the transaction: a hash takes long, and others wait for the store.
    const hash = await parts.passwords.hash(made ?? (body.password as string))
    const account = await changeAccount(operation, {
      change: (before) => ({ ...before, has_password: true }),
      also: async (store) => {
        await store.accounts.setPassword(params.id, hash)
        await parts.sessions.endAll(params.id, 'password_changed', undefined, store)
      },
      told: { type: 'account.password_changed', data: { has_password: true } },
    })
    await parts.links.forget(params.id)
    return { ...(await showAccount(parts.store, account)), password: made }
  },
})

/** One that somebody else has made would be written down: a person gets a link. */
function madeFor({ id, kind }: Account): string {
  if (kind === 'service') return randomBytes(SECRET_BYTES).toString('hex')
  const message = `is needed for a person; or let him choose one, by POST /accounts/${id}/reset-password`
  throw notValid([{ path: 'password', message }])
}
