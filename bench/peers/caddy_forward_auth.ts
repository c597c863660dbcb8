import type { Headers } from '../answer.ts'
import { untilAnswer } from '../answer.ts'
import { freePort, type Lab } from '../lab.ts'
import { startCaddy } from './caddy.ts'
import { startNginx } from './nginx.ts'
import type { Standing } from './peer.ts'

/** Whom Caddy asks, and what it sends along. */
export interface Checker {
  readonly name: string
  readonly port: number
  readonly path: string
  readonly headers: Headers
}

/** Caddy that asks `checker` before it answers by itself: nothing but the check is measured. */
export async function caddyForwardAuth(lab: Lab, checker: Checker): Promise<Standing> {
  const room = lab.room('caddy-forward-auth')
  const port = await freePort()
  const server = startCaddy(
    lab,
    `Caddy, forward_auth to ${checker.name}`,
    room,
    `http://:${port} {
  bind 127.0.0.1
  forward_auth 127.0.0.1:${checker.port} {
    uri ${checker.path}
  }
  respond 200
}`,
  )
  await untilAnswer(server, port, '/page', checker.headers)
  return { ...server, port, prefix: '', headers: checker.headers }
}

/** The least that a checker can do: nginx that says 200 to everything, on the load's processor. */
export async function trivialChecker(lab: Lab): Promise<Standing> {
  const room = lab.room('trivial')
  const port = await freePort()
  const http = `  server { listen 127.0.0.1:${port} backlog=1024; location / { return 200; } }`
  const server = startNginx('a trivial server', room, http, lab.pinning.load)
  await untilAnswer(server, port, '/')
  return { ...server, port, prefix: '', headers: {} }
}
