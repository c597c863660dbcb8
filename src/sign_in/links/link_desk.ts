import { OctroiError } from '../../core/errors.ts'
import { choose, waysFor } from '../desk/choosing.ts'
import type { Desk } from '../desk/desk.ts'
import type { DeskParts } from '../desk/desk_parts.ts'
import type { Fields } from '../desk/steps/step.ts'
import { telling } from '../desk/telling.ts'
import type { Outcome, Visit } from '../desk/visit.ts'
import { type Flow, flowTo } from '../flow.ts'
import type { SignInStage, Way } from '../stage.ts'
import type { Invitation } from './contract.ts'

const HOME = '/account'

/** Invitations and resets: links that were sent to somebody, and the form that asks for one. */
export class LinkDesk {
  readonly #parts: DeskParts
  readonly #desk: Desk

  constructor(parts: DeskParts, desk: Desk) {
    this.#parts = parts
    this.#desk = desk
  }

  /** `GET /sign-in/link/{link}` */
  show(link: string, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const invitation = await this.#parts.links.invitation(link)
      // Made for other ways than a password: there is none to be chosen.
      if (invitation !== undefined && !invitation.password)
        return { stage: await choose(this.#parts, flowFor(link, invitation), visit) }
      return { stage: await this.#parts.links.show(link, visit, await this.#ways(link)) }
    })
  }

  /** `POST /sign-in/link/{link}`: who sets a password is signed in by it, with all that a sign-in asks besides (ASVS 6.4.3). */
  submit(link: string, form: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      const outcome = await this.#parts.links.submit(link, form, visit, await this.#ways(link))
      if (outcome.kind === 'stage') return { stage: outcome.stage }
      return this.#desk.bySetPassword(outcome.account, outcome.method, flowTo(HOME), visit)
    })
  }

  /** `GET /sign-in/reset` */
  askReset(visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => ({ stage: this.#parts.links.askReset() }))
  }

  /** `POST /sign-in/reset` */
  requestReset(form: Fields, visit: Visit): Promise<Outcome> {
    return telling(this.#parts, visit, async () => {
      try {
        return { stage: await this.#parts.links.requestReset(form, visit) }
      } catch (error) {
        if (!(error instanceof OctroiError) || error.code !== 'rate_limited') throw error
        return { stage: { kind: 'ask_reset', fault: 'rate_limited' } satisfies SignInStage }
      }
    })
  }

  /** By these the invited person can come instead of by a password: those that say who somebody is without one of ours. */
  async #ways(link: string): Promise<readonly Way[]> {
    const invitation = await this.#parts.links.invitation(link)
    if (invitation === undefined) return []
    const ways = await waysFor(this.#parts, flowFor(link, invitation))
    return ways.filter(({ kind }) => kind === 'oidc' || kind === 'ldap')
  }
}

/** Sealed with the ways that the invitation is for: by the others it leads nowhere. */
function flowFor(link: string, { methods }: Invitation): Flow {
  return { ...flowTo(HOME), purpose: { kind: 'invitation', link }, methods }
}
