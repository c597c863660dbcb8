import { PURPOSES } from '../core/purposes.ts'
import type { SigningKeys } from '../core/signing_keys.ts'
import type { ActivityStore, HotReads } from '../core/stores.ts'
import type { Vault } from '../core/vault.ts'
import { ClientCredentialsTokens } from './client_credentials.ts'
import { ProviderClients } from './client_metadata.ts'
import { KnownSecrets } from './known_secrets.ts'
import { OpenIdProvider, type OpenIdProviderParts } from './provider.ts'

type Derived = 'clients' | 'entries' | 'key' | 'sealer' | 'keys'

export interface ProviderParts extends Omit<OpenIdProviderParts, Derived> {
  readonly activity: Pick<ActivityStore, 'providerEntries'>
  readonly hot: Pick<HotReads, 'version'>
  readonly vault: Pick<Vault, 'derivedKey' | 'sealer'>
  readonly signingKeys: SigningKeys
}

/** The provider put together: the library with all that it stands on, and the quick way for programs. */
export function openProvider({ activity, hot, vault, signingKeys, ...parts }: ProviderParts) {
  const clients = new ProviderClients({ store: parts.store, hot })
  const openid = new OpenIdProvider({
    ...parts,
    clients,
    entries: activity.providerEntries,
    key: vault.derivedKey(PURPOSES.provider),
    sealer: vault.sealer(PURPOSES.provider),
    keys: signingKeys,
  })
  const secrets = new KnownSecrets({ ...parts, hot })
  const tokens = new ClientCredentialsTokens({ ...parts, clients, secrets, signer: signingKeys, issuer: openid.issuer })
  return { openid, tokens, clients }
}

/** Whoever comes first should not wait for it to be loaded; where no application asks by OpenID, it is not. */
export async function warmWhereUsed(
  openid: OpenIdProvider,
  { clients }: Pick<OpenIdProviderParts['store'], 'clients'>,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = await clients.list({ limit: 100, after })
    if (page.some((client) => client.openid !== null && client.disabled_at === null)) return openid.warm()
    after = page.at(-1)?.id
    if (after === undefined) return
  }
}
