import { providerErrorPage } from '../pages/provider_error.ts'
import type { ErrorPage } from '../provider/failure.ts'
import type { Visitors } from './visitor.ts'

/** What people see where a request of an application leads nowhere: our page, in their language, with the number under which the log has it. */
export function errorPageOf(visitors: Pick<Visitors, 'surroundings' | 'language'>): ErrorPage {
  return ({ client, requestId, cookie, acceptLanguage, ...fault }) => {
    const around = visitors.surroundings(visitors.language({ cookie, accepted: acceptLanguage }), requestId)
    return providerErrorPage({ ...fault, application: client?.name }, around)
  }
}
