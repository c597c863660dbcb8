import { OctroiError } from '../core/errors.ts'

/** Says of a conflict that the database found what exactly is taken; anything else passes as it is. */
export async function explaining<T>(detail: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof OctroiError && cause.code === 'conflict') throw new OctroiError('conflict', detail, { cause })
    throw cause
  }
}
