import type { FastifyInstance } from 'fastify'
import type { Browsers } from './browsers.ts'
import { Expiring } from './expiring.ts'
import { type Octroi, Refused } from './octroi.ts'
import type { Settings } from './settings.ts'

type Query = Readonly<Record<string, string | string[] | undefined>>

const STATE = 'This was not begun in this browser, was used already, or is too old. Begin again.'

/** Signing in and out: to Octroi and back, out again, and being told that a session has ended. */
export function addRoutes(app: FastifyInstance, settings: Settings, octroi: Octroi, browsers: Browsers): void {
  const callbackUrl = `${settings.appUrl}/api/callback`
  const told = new Expiring<true>(600, 100_000)

  app.get('/api/me', async (request) => {
    const session = browsers.session(request)
    if (session === undefined) throw new Refused(401, 'Nobody is signed in.')
    return { sub: session.subject, name: session.name, email: session.email ?? null }
  })

  app.get('/api/login', async (request, reply) => {
    const { state, flow } = browsers.beginFlow(request, reply, 'sign-in')
    const url = await octroi.signInUrl(callbackUrl, state, flow.nonce, flow.codeVerifier)
    return reply.redirect(url.href, 303)
  })

  app.get<{ Querystring: Query }>('/api/callback', async (request, reply) => {
    const state = only(request.query.state)
    const flow = browsers.takeFlow(request, 'sign-in', state)
    if (flow === undefined) throw new Refused(400, STATE)
    // Without this, another provider could get hold of our code (RFC 9207).
    if (only(request.query.iss) !== settings.issuer)
      throw new Refused(400, 'This answer is not from the provider that was asked.')
    if (request.query.error !== undefined) return reply.redirect('/?refused', 303)
    const back = new URL(request.url.replace(/^[^?]*/, ''), callbackUrl)
    const session = await octroi.session(back, state, flow.nonce, flow.codeVerifier)
    browsers.begin(request, reply, session)
    return reply.redirect('/', 303)
  })

  app.post('/api/logout', async (request, reply) => {
    // Cookies come along whoever makes the browser send: this has to come from our own page.
    if (request.headers.origin !== settings.appUrl) throw new Refused(403, 'This has to come from our own page.')
    const session = browsers.end(request)
    if (session === undefined) return reply.redirect('/', 303)
    const { state } = browsers.beginFlow(request, reply, 'logout')
    const url = await octroi.signOutUrl(session.idToken, `${settings.appUrl}/api/logged-out`, state)
    return reply.redirect(url.href, 303)
  })

  app.get<{ Querystring: Query }>('/api/logged-out', async (request, reply) => {
    if (browsers.takeFlow(request, 'logout', only(request.query.state)) === undefined) throw new Refused(400, STATE)
    return reply.redirect('/?signed_out', 303)
  })

  // From Octroi itself, without a browser and without a cookie: the token is all the proof there is.
  app.post<{ Body: URLSearchParams | undefined }>('/api/backchannel-logout', async (request) => {
    const [token, another] = request.body?.getAll('logout_token') ?? []
    if (token === undefined || another !== undefined) throw new Refused(400, 'logout_token is needed, once.')
    const { jti, sid, subject } = await octroi.logoutToken(token)
    if (told.get(jti)) throw new Refused(400, 'This logout token came before.')
    told.put(jti, true)
    browsers.endAtOctroi(sid, subject)
    return {}
  })
}

/** A parameter that came twice is none. */
function only(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
