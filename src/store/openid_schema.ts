/** What the OpenID provider keeps in the main database; see `schema.ts`. */
export interface OpenIdTables {
  subjects: { subject: string; account_id: string | null }
  session_clients: {
    session_id: string
    client_id: string
    sid: string
    grant_id: string | null
    created_at: string
  }
  consents: {
    account_id: string
    client_id: string
    scopes: string
    resources: string
    created_at: string
    updated_at: string
  }
  logout_notices: {
    id: string
    client_id: string
    subject: string
    sid: string
    attempts: number
    next_at: string
    created_at: string
  }
}

/** And in that of the activity. */
export interface ProviderEntryTables {
  provider_entries: {
    model: string
    id: string
    grant_id: string | null
    account: string | null
    client: string | null
    user_code: string | null
    sealed: string
    consumed_at: string | null
    expires_at: string
    created_at: string
  }
}
