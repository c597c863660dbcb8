import { hash } from 'node:crypto'
import { OctroiError } from '../../core/errors.ts'
import type { Webhook } from '../../core/types.ts'
import type { ValueSealer } from '../../core/vault.ts'
import type { StoredWebhook } from '../../core/webhook_stores.ts'
import { newSigningKey } from './signing.ts'

/** One secret of a webhook. Rotation with overlap gives it two for a while; the newest stands first and has no end. */
export interface SigningSecret {
  readonly key: string
  readonly ends_at: string | null
}

type Place = Pick<Webhook, 'id' | 'url' | 'network'>

/** More rotations than this within one overlap end the oldest: the header of signatures has its bounds, too. */
const MOST = 4

/** The signing secrets of webhooks, sealed together with where they are used. */
export class WebhookSecrets {
  readonly #sealer: ValueSealer

  constructor(sealer: ValueSealer) {
    this.#sealer = sealer
  }

  seal(webhook: Place, secrets: readonly SigningSecret[]): string {
    return this.#sealer.seal(Buffer.from(JSON.stringify(secrets)), placeOf(webhook))
  }

  /** All that are stored, also those that have ended. */
  open({ webhook, sealed }: StoredWebhook): readonly SigningSecret[] {
    try {
      return JSON.parse(this.#sealer.open(sealed, placeOf(webhook)).toString())
    } catch (cause) {
      throw new OctroiError('internal', `The secret of webhook ${webhook.id} does not open: the row was altered.`, {
        cause,
      })
    }
  }
}

/**
 * The address is part of it: whoever can write to the database but has no key cannot point a webhook elsewhere, or into the
 * network of the installation.
 */
function placeOf({ id, url, network }: Place): string {
  return `webhooks|${id}|${hash('sha256', JSON.stringify([url, network]), 'base64')}`
}

export function liveSecrets(secrets: readonly SigningSecret[], now: Date): readonly SigningSecret[] {
  return secrets.filter(({ ends_at }) => ends_at === null || Date.parse(ends_at) > now.getTime())
}

export function firstSecret(key = newSigningKey()): readonly SigningSecret[] {
  return [{ key, ends_at: null }]
}

/** A new secret first; those before it end after `overlapS` seconds at the latest. */
export function rotateSecrets(
  before: readonly SigningSecret[],
  overlapS: number,
  now: Date,
  key = newSigningKey(),
): readonly SigningSecret[] {
  const end = new Date(now.getTime() + overlapS * 1000).toISOString()
  const older = before.map((secret) => ({
    ...secret,
    ends_at: secret.ends_at === null || secret.ends_at > end ? end : secret.ends_at,
  }))
  return [...firstSecret(key), ...liveSecrets(older, now)].slice(0, MOST)
}
