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

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Of the mean: what it may be off by, as a standard deviation. */
function squaredError(values: readonly number[]): number {
  const middle = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  return squares / (values.length - 1) / values.length
}

/**
 * Welch's t of two samples that need not vary alike (Welch 1947). With some hundred values each, |t| beyond 2.6 comes by chance once in a
 * hundred times where there is no difference (two-sided).
 */
export function welch(a: readonly number[], b: readonly number[]): { readonly t: number; readonly error: number } {
  const error = Math.sqrt(squaredError(a) + squaredError(b))
  return { t: (mean(a) - mean(b)) / error, error }
}
