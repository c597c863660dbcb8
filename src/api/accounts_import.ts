import { AccountsImport, AccountsImported } from './accounts_import_schemas.ts'
import { importAccounts } from './accounts_importing.ts'
import { endpoint } from './endpoint.ts'

export const accountsImport = endpoint({
  name: 'accounts.import',
  method: 'POST',
  path: '/accounts/import',
  summary: 'Take over many accounts from elsewhere, with the hashes of their passwords',
  description:
    'All or none: every row is looked at first, and what is wrong is named by its row and field. A row whose id, identity or address is there already stays as it is (unchanged). Hashes of other programs are replaced at the first sign-in. Up to 50 MB.',
  permission: 'accounts.write',
  body: AccountsImport,
  response: AccountsImported,
  errors: ['conflict', 'payload_too_large'],
  bodyBytes: 50 * 1024 * 1024,
  async handle(operation) {
    const { body, parts } = operation
    if (body.dry_run) return importAccounts(parts.store, operation)
    return parts.store.transaction((store) => importAccounts(store, operation))
  },
})
