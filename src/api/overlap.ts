import { z } from 'zod'

const MAX_S = 30 * 86_400

/** The body of a rotation: for how many seconds the old secret still counts. */
export function overlap(usualSeconds: number) {
  return z
    .strictObject({ overlap_s: z.int().min(0).max(MAX_S).default(usualSeconds) })
    .default({ overlap_s: usualSeconds })
}
