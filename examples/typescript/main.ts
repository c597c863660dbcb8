import { type FastifyError, type FastifyInstance, fastify } from 'fastify'
import { Browsers, type Session } from './browsers.ts'
import { Octroi, Refused } from './octroi.ts'
import { addRoutes } from './routes.ts'
import { readSettings, type Settings } from './settings.ts'

/** A desk whose people sign in with Octroi: `node examples/typescript/main.ts`, with the settings of README.md in the environment. */

const SECURITY_HEADERS = {
  // The form of the sign-out leads on to Octroi, which browsers count as `form-action`.
  'content-security-policy': "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  // With `no-referrer` browsers would send `Origin: null` from the form of the sign-out.
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
}

function application(settings: Settings): FastifyInstance {
  const app = fastify({ logger: { level: 'warn' }, bodyLimit: 16_384 })
  const octroi = new Octroi(settings)
  const browsers = new Browsers(settings.appUrl.startsWith('https://'))

  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
  app.addHook('onRequest', async (_, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  app.setErrorHandler<FastifyError | Refused>((error, request, reply) => {
    const status = error instanceof Refused ? error.status : (error.statusCode ?? 500)
    // Not the cause as a whole: it may hold a token, or who somebody is.
    if (status >= 500) request.log.error({ code: (error.cause as { code?: string } | undefined)?.code }, error.message)
    if (status === 503) reply.header('retry-after', '10')
    return reply.code(status).send({ error: status < 500 || error instanceof Refused ? error.message : 'Failed.' })
  })
  app.get('/', async (request, reply) => reply.type('text/html').send(page(browsers.session(request))))
  addRoutes(app, settings, octroi, browsers)
  return app
}

function page(session: Session | undefined): string {
  const inside = (name: string) =>
    `<p>Signed in as <strong>${escaped(name)}</strong>.</p><form method="post" action="/api/logout"><button>Sign out</button></form>`
  const outside = '<p>Nobody is signed in.</p><p><a href="/api/login">Sign in</a></p>'
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Desk</title><h1>Desk</h1>${session === undefined ? outside : inside(session.name)}</html>`
}

/** A name is what somebody typed. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const settings = readSettings(process.env)
await application(settings).listen({ host: '127.0.0.1', port: settings.port })
console.log(`The desk is at ${settings.appUrl}`)
