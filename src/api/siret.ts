import { z } from 'zod'

/** La Poste's establishments: their check is another one (INSEE, "Identification d'une entreprise"; the seat itself keeps to Luhn). */
const LA_POSTE = '356000000'

/** 14 digits, as people write them too: `130 025 265 00013`. */
export const Siret = z
  .string()
  .max(40)
  .transform((text) => text.replace(/[\s\u00a0\u202f]/g, ''))
  .superRefine((digits, context) => {
    const fault = siretFault(digits)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })

function siretFault(digits: string): string | undefined {
  if (!/^\d{14}$/.test(digits)) return 'must be the 14 digits of a SIRET'
  const isRight = luhn(digits) || (digits.startsWith(LA_POSTE) && sumOf(digits) % 5 === 0)
  return isRight ? undefined : 'is no SIRET: its check digit does not fit'
}

/** ISO/IEC 7812-1 annex B: every second digit from the right counts double, and 9 less beyond 9. */
function luhn(digits: string): boolean {
  const values = [...digits].reverse().map((digit, i) => {
    const value = Number(digit) * (i % 2 === 0 ? 1 : 2)
    return value > 9 ? value - 9 : value
  })
  return values.reduce((a, b) => a + b, 0) % 10 === 0
}

function sumOf(digits: string): number {
  return [...digits].reduce((sum, digit) => sum + Number(digit), 0)
}
