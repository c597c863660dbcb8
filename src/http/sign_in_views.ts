import type { Session } from '../core/people_types.ts'
import { BEGUN_S } from '../sign_in/desk/begun.ts'
import type { Outcome, Visit } from '../sign_in/desk/visit.ts'
import type { Answered, Visitor, Visitors } from './visitor.ts'

/** The visitor, as far as sign-in has to know him. */
export function visitOf(visitors: Visitors, visitor: Visitor): Visit {
  const { requestId, began, browser, address, userAgent, session, around, cookies } = visitor
  const found: Session | undefined = session?.session
  const { language } = around
  const begun = visitors.flowCookies(cookies)
  return { requestId, began, browser, address, userAgent, language, session: found, begun }
}

/** What a visit came to → its page, or where it goes, with its cookies. */
export function answerOf(visitors: Visitors, visitor: Visitor, outcome: Outcome): Answered {
  const cookies = cookiesOf(visitors, outcome)
  const { stage } = outcome
  if (stage.kind !== 'onward') return { page: visitors.page(stage, visitor), cookies }
  // After a POST, a redirect to elsewhere is held against `form-action`, and so is all that comes behind it: a page leads there.
  const isElsewhere = URL.canParse(stage.target)
  if (isElsewhere && (visitor.method === 'POST' || outcome.fromForm === true))
    return { page: visitors.page(stage, visitor), cookies }
  return { redirect: stage.target, cookies }
}

function cookiesOf(visitors: Visitors, { session, signedOut, remember, forget = [] }: Outcome): string[] {
  const cookies = forget.filter(isFlow).map((name) => visitors.noFlowCookie(name))
  if (remember !== undefined && isFlow(remember.name))
    cookies.push(visitors.flowCookie(remember.name, remember.value, BEGUN_S))
  if (session !== undefined) cookies.push(visitors.cookie(session))
  if (signedOut === true) cookies.push(visitors.noCookie())
  return cookies
}

function isFlow(name: string): name is `flow_${string}` {
  return name.startsWith('flow_')
}
