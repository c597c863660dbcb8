import type { Asked, Person } from '../interactions/stage.ts'

/**
 * What a visit of `/oidc/device` comes to (RFC 8628 §3.3). Forms are posted to the same address.
 *
 * | stage | its form has |
 * |---|---|
 * | `enter` | `do`: `look`; `user_code` |
 * | `confirm` | `do`: `allow` or `deny`; `user_code`; `account` |
 */
export type DeviceStage =
  /** To the sign-in, which leads back. */
  | { readonly kind: 'onward'; readonly address: string }
  | {
      readonly kind: 'enter'
      /** As it came with the address, or was typed. */
      readonly code: string
      /** `wrong`: not known, too old, or decided already; nobody is told which. */
      readonly fault?: 'wrong' | 'rate_limited' | undefined
      readonly retryAfterS?: number | undefined
    }
  | {
      readonly kind: 'confirm'
      /** To be compared with what the device shows. */
      readonly code: string
      readonly application: string
      readonly person: Person
      readonly asked: Asked
      /** RFC 3339. */
      readonly at: string
      readonly from: { readonly address: string | undefined; readonly userAgent: string | undefined }
    }
  | {
      readonly kind: 'not_allowed' | 'no_email'
      readonly application: string
      readonly person: Person
      readonly again: string
    }
  | { readonly kind: 'decided'; readonly application: string; readonly isAllowed: boolean }
