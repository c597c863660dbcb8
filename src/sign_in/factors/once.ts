import type { ActivityStore } from '../../core/stores.ts'
import type { PeopleSecrets } from '../secrets.ts'

/** Whether `value` was not seen before, in so many seconds; asked twice at once, in whatever process, one of the two is told so. */
export type Once = (value: string, seconds: number) => Promise<boolean>

/** Kept as windows of one place, which end by themselves. */
export function onceIn(activity: Pick<ActivityStore, 'takePlaces'>, secrets: PeopleSecrets, now: () => Date): Once {
  return async (value, seconds) => {
    const key = `once ${secrets.hash('ticket', 'once', value)}`
    const { given } = await activity.takePlaces(key, 1, { limit: 1, window_s: seconds }, now().getTime())
    return given === 1
  }
}
