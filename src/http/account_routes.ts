import type { FastifyInstance } from 'fastify'
import { asOctroiError, OctroiError } from '../core/errors.ts'
import { type AccountView, accountPage, doneOf } from '../pages/account.ts'
import { ACTIONS, type AccountDesk, type Action, type Outcome, SENSITIVE } from '../sign_in/account/actions.ts'
import { proofWanted } from '../sign_in/account/fresh.ts'
import { overview } from '../sign_in/account/overview.ts'
import { NotOwn, type Own } from '../sign_in/account/own.ts'
import { record } from '../sign_in/desk/sign_in_record.ts'
import { SignInStopped } from '../sign_in/desk/visit.ts'
import { faultOf, faultView } from './account_faults.ts'
import { confirmView, isConfirmed, sectionOf, sectionView } from './account_views.ts'
import { servePages } from './sign_in_routes.ts'
import type { Answered, Visitor, Visitors } from './visitor.ts'

export interface AccountDoor {
  readonly visitors: Visitors
  readonly signIn: { readonly account: AccountDesk }
  /** The path of the public URL, without a slash at the end. */
  readonly basePath: string
}

/** `/account`: what a person sees and changes of his own. Always by a session of our own host, never by a key. */
export async function serveAccount(fastify: FastifyInstance, door: AccountDoor): Promise<void> {
  await servePages(fastify, door.visitors, (pages, by) => {
    pages.get(
      '/account',
      by((visitor) => signedIn(door, visitor, (own) => home(door, visitor, own))),
    )
    pages.get(
      '/account/:id',
      by((visitor, { id = '' }) => signedIn(door, visitor, (own) => show(door, visitor, own, id))),
    )
    pages.post(
      '/account/:id',
      by((visitor, { id = '' }) => signedIn(door, visitor, (own) => act(door, visitor, own, id))),
    )
  })
}

/** Whoever is not signed in does that first, and comes back to where he wanted to go. */
async function signedIn(door: AccountDoor, visitor: Visitor, work: (own: Own) => Promise<Answered>): Promise<Answered> {
  const session = visitor.session?.session
  const account = session && (await door.signIn.account.parts.store.accounts.get(session.account))
  if (session === undefined || account?.kind !== 'person') return toSignIn(door, wantedPath(visitor))
  const { address, around } = visitor
  try {
    return await work({ account, session, address, language: around.language })
  } catch (error) {
    if (error instanceof NotOwn) return page(visitor, { kind: 'gone', what: 'thing' })
    throw error
  }
}

async function home(door: AccountDoor, visitor: Visitor, own: Own): Promise<Answered> {
  return page(visitor, {
    kind: 'overview',
    ...(await overview(door.signIn.account.parts, own)),
    done: doneOf(visitor.query.done),
  })
}

async function show(door: AccountDoor, visitor: Visitor, own: Own, id: string): Promise<Answered> {
  const section = sectionOf(id)
  if (section === undefined && id !== 'verify') throw new SignInStopped('not_found')
  if (SENSITIVE.has(id)) {
    const wanted = await proofWanted(door.signIn.account.parts, own)
    if (wanted !== undefined) return toSignIn(door, wantedPath(visitor), wanted)
  }
  const { confirm, id: thing = '', link = '', done } = visitor.query
  if (section === undefined) return page(visitor, await verifyView(door, own, link))
  if (isConfirmed(section, confirm))
    return page(visitor, await confirmView(door.signIn.account, own, section, { doing: confirm as string, id: thing }))
  return page(visitor, { ...(await sectionView(door.signIn.account, own, section)), done: doneOf(done) } as AccountView)
}

async function verifyView({ signIn: { account } }: AccountDoor, own: Own, link: string): Promise<AccountView> {
  const address = await account.verification.show(own, link)
  return address === undefined ? { kind: 'gone', what: 'link' } : { kind: 'verify_email', link, address }
}

async function act(door: AccountDoor, visitor: Visitor, own: Own, section: string): Promise<Answered> {
  const { do: doing = '', csrf: _, lang: __, ...form } = visitor.form
  const action = actionOf(section, doing)
  requireFields(action, form)
  const wanted = action.sensitive ? await proofWanted(door.signIn.account.parts, own) : undefined
  if (wanted !== undefined) return toSignIn(door, sectionPath(section), wanted)
  const told = (status: number, code: string | null) =>
    record(
      door.signIn.account.recording,
      visitor,
      { account: own.account.id, method: null, status, code },
      `account.${section}.${doing}`,
    )
  try {
    const outcome = await action.run(door.signIn.account, own, form)
    await told(200, null)
    return answerOf(door, visitor, section, outcome)
  } catch (error) {
    const fault = faultOf(error)
    await told(fault?.status ?? statusOf(error), fault?.fault ?? codeOf(error))
    if (fault === undefined) throw error
    return page(visitor, await faultView(door.signIn.account, own, { section, doing, form }, fault))
  }
}

function actionOf(section: string, doing: string): Action {
  const actions = Object.hasOwn(ACTIONS, section) ? ACTIONS[section] : undefined
  if (actions === undefined) throw new SignInStopped('not_found')
  const action = Object.hasOwn(actions, doing) ? actions[doing] : undefined
  if (action === undefined) throw new OctroiError('invalid_request', 'This is not a form of this page.')
  return action
}

/** What a form does not have is refused: what was sent to be set, and is not, should be known not to be (T31). */
function requireFields({ fields }: Action, form: Readonly<Record<string, string>>): void {
  const unknown = Object.keys(form).find((name) => !fields.includes(name))
  if (unknown === undefined) return
  throw new OctroiError('invalid_request', `The field ${unknown.slice(0, 100)} is not one of this form.`)
}

function answerOf(door: AccountDoor, visitor: Visitor, section: string, outcome: Outcome): Answered {
  const { visitors, basePath } = door
  const { publicUrl } = door.signIn.account.parts
  switch (outcome.kind) {
    case 'done':
      return {
        redirect: `${basePath}${sectionPath(section)}?done=${outcome.done}`,
        cookies: outcome.token === undefined ? [] : [visitors.cookie(outcome.token)],
      }
    case 'onward':
      // To a provider in the end, which a redirect after a POST may not lead to (`form-action`): a page leads there.
      return { page: visitors.page({ kind: 'onward', target: `${publicUrl}${outcome.path}` }, visitor) }
    case 'signed_out':
      return { redirect: `${basePath}/sign-in`, cookies: [visitors.noCookie()] }
    case 'recovery_codes': {
      const cookies = outcome.token === undefined ? [] : [visitors.cookie(outcome.token)]
      return { ...page(visitor, { kind: 'recovery_codes', codes: outcome.codes }), cookies }
    }
    default:
      return page(visitor, outcome)
  }
}

function page({ around }: Visitor, view: AccountView): Answered {
  return { page: accountPage(view, around) }
}

function toSignIn({ basePath }: AccountDoor, path: string, wanted?: { maxAgeS: number; mfa: boolean }): Answered {
  const query = new URLSearchParams({ return_to: path })
  if (wanted !== undefined) query.set('max_age', String(wanted.maxAgeS))
  if (wanted?.mfa === true) query.set('mfa', '1')
  return { redirect: `${basePath}/sign-in?${query}` }
}

/** A link of a mail is carried along; what else stands in the address is of no use after a sign-in. */
function wantedPath({ path, query }: Visitor): string {
  return query.link !== undefined && /^[\w-]{43}$/.test(query.link) ? `${path}?link=${query.link}` : path
}

function sectionPath(section: string): string {
  return section === 'verify' ? '/account/emails' : `/account/${section}`
}

function statusOf(error: unknown): number {
  return error instanceof NotOwn ? 404 : asOctroiError(error).status
}

function codeOf(error: unknown): string {
  return error instanceof NotOwn ? 'not_found' : asOctroiError(error).code
}
