import { DeviceDesk } from '../provider/device/device_desk.ts'
import { InteractionDesk } from '../provider/interactions/interaction_desk.ts'
import { openProvider, type ProviderParts } from '../provider/open.ts'
import type { SignIn } from '../sign_in/open.ts'
import { OidcDoor, type OidcDoorParts } from './oidc_door.ts'
import { errorPageOf } from './provider_errors.ts'
import type { Visitors } from './visitor.ts'

type Made = 'errorPage' | 'authenticate' | 'openid' | 'tokens'

export interface OidcParts extends Omit<ProviderParts, Made>, Omit<OidcDoorParts, Made | 'hot'> {
  readonly visitors: Visitors
  readonly signIn: Pick<SignIn, 'applications' | 'flows' | 'once'>
}

/** The OpenID provider and its doors: that of applications, and the pages on which people answer them. */
export function openOidc(parts: OidcParts) {
  const { visitors, signIn } = parts
  const errorPage = errorPageOf(visitors)
  const authenticate = (id: string, secret: string) => signIn.applications.authenticate(id, secret)
  const { openid, tokens } = openProvider({ ...parts, errorPage, authenticate })
  const desks = { ...parts, ...signIn, openid }
  return {
    openid,
    door: new OidcDoor({ ...parts, openid, tokens, errorPage }),
    interactions: new InteractionDesk(desks),
    devices: new DeviceDesk(desks),
  }
}

export type Oidc = ReturnType<typeof openOidc>
