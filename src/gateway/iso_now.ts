let lastMs = 0
let lastIso = ''

/** Formatting the same millisecond again is most of what a busy second would format. */
export function isoNow(): string {
  const now = Date.now()
  if (now !== lastMs) {
    lastMs = now
    lastIso = new Date(now).toISOString()
  }
  return lastIso
}
