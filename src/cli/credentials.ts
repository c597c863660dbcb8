import type { OctroiClient } from '../client/index.ts'
import type { Credentials } from './rotation.ts'

/** What the connection injects now. Needs `connections.read_credentials`; each reading is in the audit trail. */
export async function readCredentials(server: OctroiClient, id: string, signal?: AbortSignal): Promise<Credentials> {
  const { secrets, expires_at } = await server.get('/connections/{id}/credentials', { params: { id }, signal })
  return { secrets, endsAt: expires_at === null ? null : Date.parse(expires_at) }
}
