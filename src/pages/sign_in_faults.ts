import type { FormFault } from '../sign_in/stage.ts'
import type { Content } from './html.ts'
import { type ShownFault, waitingTime } from './people_page.ts'
import { PEOPLE_WORDS } from './people_words.ts'
import type { PeopleSurroundings } from './posting.ts'

/** 422 for what was entered, 429 and 5xx for what it was not: a form that comes back never says 401 or 403. */
const STATUS: Readonly<Record<FormFault, number>> = {
  wrong: 422,
  invalid: 422,
  weak: 422,
  differs: 422,
  taken: 422,
  rate_limited: 429,
  unavailable: 502,
  busy: 503,
}

interface Faulty {
  readonly fault?: FormFault | undefined
  readonly retryAfterS?: number | undefined
}

/** What is said at the top of a form that came back. `said`: what this form says of it, where it can be more exact. */
export function shownFault(
  { fault, retryAfterS }: Faulty,
  { language }: PeopleSurroundings,
  said: Partial<Record<FormFault, Content>> = {},
): ShownFault | undefined {
  if (fault === undefined) return undefined
  const words = PEOPLE_WORDS[language].faults
  const message =
    said[fault] ?? (fault === 'rate_limited' ? words.rate_limited(waitingTime(retryAfterS, language)) : words[fault])
  return { status: STATUS[fault], message, retryAfterS }
}
