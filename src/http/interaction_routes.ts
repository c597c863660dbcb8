import type { FastifyInstance } from 'fastify'
import { interactionPage } from '../pages/consent.ts'
import { type Language, languageIn, withLanguage } from '../pages/language.ts'
import type { InteractionDesk } from '../provider/interactions/interaction_desk.ts'
import type { InteractionStage } from '../provider/interactions/stage.ts'
import { servePages } from './sign_in_routes.ts'
import { visitOf } from './sign_in_views.ts'
import { type Answered, chosenLanguage, type Visitor, type Visitors } from './visitor.ts'

export interface InteractionDoor {
  readonly visitors: Visitors
  readonly interactions: InteractionDesk
}

/** `/oidc/interaction/{uid}`: where a request of an application waits for its person. */
export async function serveInteractions(fastify: FastifyInstance, door: InteractionDoor): Promise<void> {
  const { visitors, interactions } = door
  await servePages(fastify, visitors, (pages, by) => {
    pages.get(
      '/oidc/interaction/:id',
      by(async (visitor, { id = '' }, exchange) => {
        const { stage, locales } = await interactions.show(exchange, id, visitOf(visitors, visitor))
        return answerOf(visitors, inLocale(visitor, locales), stage)
      }),
    )
    pages.post(
      '/oidc/interaction/:id',
      by(async (visitor, { id = '' }, exchange) => {
        const stage = await interactions.answer(exchange, id, visitor.form, visitOf(visitors, visitor))
        return answerOf(visitors, { ...visitor, wished: undefined }, stage)
      }),
    )
  })
}

interface Wishing extends Visitor {
  /** What the application asked for, where he himself has chosen nothing. */
  readonly wished: Language | undefined
}

/** `ui_locales` (OpenID Connect Core 1.0 §3.1.2.1) comes before the browser's own wishes, and after what the person chose here. */
function inLocale(visitor: Visitor, locales: string | undefined): Wishing {
  const chosen = visitor.query.lang ?? chosenLanguage(visitor.cookies)
  const wished = chosen === undefined ? languageIn(locales) : undefined
  if (wished === undefined) return { ...visitor, wished }
  return { ...visitor, around: { ...visitor.around, language: wished }, wished }
}

function answerOf(visitors: Visitors, visitor: Wishing, stage: InteractionStage): Answered {
  if (stage.kind !== 'onward') return { page: interactionPage(stage, visitor.around) }
  const { address } = stage
  // From here redirects go on to the application, which `form-action` of the page that was posted does not know: a page leads there.
  if (visitor.method === 'POST' && URL.canParse(address))
    return { page: visitors.page({ kind: 'onward', target: address }, visitor) }
  const isOwnPage = !URL.canParse(address)
  return { redirect: isOwnPage && visitor.wished !== undefined ? withLanguage(address, visitor.wished) : address }
}
