import type { ProvidedSecrets } from './provided_keys.ts'

/**
 * The files that provide keys are looked at again: by themselves when they change, and at once on SIGHUP. Returns what ends that. Without
 * `files` there is nothing to read anew, and a hangup ends the program as it does others.
 */
export function watchKeys(provided: ProvidedSecrets, files: readonly string[]): () => Promise<void> {
  if (files.length === 0) return async () => undefined
  const reload = () => void provided.reload()
  process.on('SIGHUP', reload)
  provided.watch()
  return async () => {
    process.off('SIGHUP', reload)
    await provided.close()
  }
}
