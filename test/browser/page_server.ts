import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { Page } from '../../src/pages/page.ts'
import { listen } from '../support/loopback.ts'

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** The fields of a posted form. */
  readonly form: URLSearchParams
}

/** A page, or a redirect. */
export type Answer = Page | { readonly status: 302 | 303; readonly location: string }

export interface PageServer {
  readonly origin: string
  /** Everything that was asked for, in order. */
  readonly asked: Asked[]
  close(): Promise<void>
}

/** Serves pages on 127.0.0.1 (or another name of it: another origin, another site). What `answer` does not know is 404. */
export async function servePages(
  answer: (asked: Asked) => Answer | undefined,
  host = '127.0.0.1',
): Promise<PageServer> {
  const log: Asked[] = []
  const server = createServer(async (request, response) => {
    const asked = await read(request)
    log.push(asked)
    const given = answer(asked)
    if (given === undefined) response.writeHead(404, { 'Content-Length': '0' }).end()
    else if ('location' in given) response.writeHead(given.status, { Location: given.location }).end()
    else response.writeHead(given.status, [...given.headers]).end(given.body)
  })
  const { port, down } = await listen(server)
  return { origin: `http://${host}:${port}`, asked: log, close: down }
}

async function read(request: IncomingMessage): Promise<Asked> {
  const { pathname, searchParams } = new URL(request.url as string, 'http://localhost')
  const { method = '', headers } = request
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  return { method, path: pathname, query: searchParams, headers, form: new URLSearchParams(body) }
}
