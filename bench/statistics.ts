/** The middle value; the mean of the two middle ones when the count is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The smallest value that at least `share` (0..1) of all values do not exceed (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** (max − min) ÷ median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values)
}

/**
 * Ratios round by round: a neighbour that slows the machine for a moment slows both sides of one ratio, whereas two
 * medians may come from different moments.
 */
export function ratios(of: readonly number[], over: readonly number[]): number[] {
  return of.slice(0, over.length).map((value, round) => value / over[round]!)
}

export function differences(of: readonly number[], less: readonly number[]): number[] {
  return of.slice(0, less.length).map((value, round) => value - less[round]!)
}
