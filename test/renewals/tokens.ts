import type { Settings } from '../../src/config/settings.ts'
import type { TokenRow } from '../../src/core/token_stores.ts'
import type { Token } from '../../src/core/types.ts'
import { type Installation, openInstallation } from '../../src/installation/open.ts'

/** What an installation holds of tokens, seen and changed behind the back of a gate that is running. */

async function within<T>(settings: Settings, work: (installation: Installation) => Promise<T>): Promise<T> {
  const installation = await openInstallation(settings)
  try {
    return await work(installation)
  } finally {
    await installation.open.close()
  }
}

export function tokenOnDisk(settings: Settings, id = 'svc'): Promise<(TokenRow & { token: Token | null }) | undefined> {
  return within(settings, async ({ open, ring }) => {
    const [stored, row] = [await open.store.connections.get(id), await open.store.tokens.get(id)]
    if (stored === undefined || row === undefined) return undefined
    const { sealed } = stored.token ?? { sealed: null }
    const token =
      sealed === null ? null : await ring.openToken(stored.dataKey, stored.connection, sealed, stored.sealed.version)
    return { ...row, token }
  })
}

/** The token as it would be if time had passed: its times in seconds from now. `due` is null unless given: no background. */
export function ageToken(
  settings: Settings,
  { id = 'svc', ends, renew = ends, due = null }: { id?: string; ends: number; renew?: number; due?: number | null },
): Promise<void> {
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString()
  return within(settings, async ({ open, ring }) => {
    const stored = await open.store.connections.get(id)
    if (stored?.token?.sealed == null) throw new Error(`${id} has no token`)
    const { dataKey, connection, sealed } = stored
    const token = await ring.openToken(dataKey, connection, stored.token.sealed, sealed.version)
    const aged = { ...token, obtained_at: at(Math.min(ends, 0) - 3600), expires_at: at(ends), renew_at: at(renew) }
    const text = await ring.sealToken(dataKey, connection, aged, sealed.version)
    await open.store.tokens.put(id, text, due === null ? null : at(due))
  })
}
