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

type Clients = Pick<OpenIdProviderParts['store'], 'clients'>

/** Loading the library holds everybody up for a tenth of a second: those who have waited for the start are answered before. */
const WARM_AFTER_MS = 1_000

/**
 * Whoever comes first should not wait for it to be loaded; where no application asks by OpenID, it is not. What is returned ends the waiting.
 */
export function warmWhereUsed(openid: OpenIdProvider, store: Clients): () => void {
  const warm = async () => {
    if (await isUsed(store)) openid.warm()
  }
  // A store that does not answer now will be asked by every request.
  const timer = setTimeout(() => void warm().catch(() => undefined), WARM_AFTER_MS).unref()
  return () => clearTimeout(timer)
}

async function isUsed({ clients }: Clients): Promise<boolean> {
  for (let after: string | undefined; ; ) {
    const page = await clients.list({ limit: 100, after })
    if (page.some((client) => client.openid !== null && client.disabled_at === null)) return true
    after = page.at(-1)?.id
    if (after === undefined) return false
  }
}
