import type Provider from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { OctroiError } from '../core/errors.ts'
import type { ProviderClients } from './client_metadata.ts'

/** Where the library would decide about clients by what it holds, and we know better. */

export interface ClientOverrides {
  /** By id and secret. Throws `unauthenticated`. */
  readonly authenticate: (id: string, secret: string) => Promise<unknown>
  /** True once for each proof. */
  readonly first: (issuer: string, jti: string, expiresAt: number) => Promise<boolean>
}

interface LibraryClasses {
  readonly Client: {
    readonly prototype: {
      compareClientSecret(this: { readonly clientId: string }, secret: string): Promise<boolean>
      includeSid(): boolean
    }
  }
  readonly ReplayDetection: { unique(issuer: string, jti: string, expiresAt: number): Promise<boolean> }
}

export function overrideClients(library: Provider, { authenticate, first }: ClientOverrides): void {
  const { Client, ReplayDetection } = library as unknown as LibraryClasses
  // Secrets are stored as hashes, and two are good while one takes over from the other.
  Client.prototype.compareClientSecret = async function (secret) {
    try {
      await authenticate(this.clientId, secret)
      return true
    } catch (error) {
      if (error instanceof OctroiError && error.code === 'unauthenticated') return false
      throw error
    }
  }
  // Every application is told which session it is (`sid`), so that it can name it when it signs out.
  Client.prototype.includeSid = () => true
  // Looking first and storing then lets two through that come together.
  ReplayDetection.unique = first
}

export function clientAdapter(clients: ProviderClients): Adapter {
  const never = async () => undefined
  return {
    find: (id) => clients.metadata(id),
    findByUid: never,
    findByUserCode: never,
    upsert: never,
    consume: never,
    destroy: never,
    revokeByGrantId: never,
  }
}
