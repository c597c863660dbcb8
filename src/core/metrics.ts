/** What the gate counts; how it is shown is the front door's matter. No label ever holds a secret or a caller's text. */
export interface GateMetrics {
  /** One answered call. `code` is Octroi's own error code, or `null` when the upstream answered. */
  answered(connection: string | null, status: number, code: string | null, seconds: number): void
}

/** What forward-auth counts. */
export interface CheckMetrics {
  /** One answered check. `route`: the one that it fell to, or `null`; `code`: `null` when it passed. */
  checked(route: string | null, status: number, code: string | null, seconds: number): void
}

/** What an attempt at a token came to: a new one, try again later, the service asks for patience, a person must act. */
export const RENEWAL_OUTCOMES = ['renewed', 'transient', 'limited', 'human'] as const
export type RenewalOutcome = (typeof RENEWAL_OUTCOMES)[number]

/** What an attempt at a delivery came to: taken, to be tried again, given up. */
export const DELIVERY_OUTCOMES = ['delivered', 'waiting', 'failed'] as const
export type DeliveryOutcome = (typeof DELIVERY_OUTCOMES)[number]

/** What telling an application that a session has ended came to: it knows, it is told again, given up. */
export type LogoutOutcome = DeliveryOutcome

/** What an attempt to sign in came to: a session; a wrong password or code; a refusal; too many of them; a method that does not work. */
export const SIGN_IN_OUTCOMES = ['signed_in', 'wrong', 'refused', 'limited', 'unavailable'] as const
export type SignInOutcome = (typeof SIGN_IN_OUTCOMES)[number]
