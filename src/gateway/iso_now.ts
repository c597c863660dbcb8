let lastMs = 0
let lastIso = ''

/** Formatting the same millisecond again is most of what a busy second would format. */
export function isoOf(ms: number): string {
  if (ms !== lastMs) {
    lastMs = ms
    lastIso = new Date(ms).toISOString()
  }
  return lastIso
}

export function isoNow(): string {
  return isoOf(Date.now())
}
