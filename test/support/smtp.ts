import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import { testCertificate } from './upstream_tls.ts'

export interface ReceivedMail {
  readonly from: string
  readonly to: readonly string[]
  readonly isTls: boolean
  /** `undefined`: nobody signed in. */
  readonly user: string | undefined
  readonly headers: ReadonlyMap<string, string>
  /** Decoded. */
  readonly text: string
}

export interface SmtpOptions {
  /** Offered, and demanded before anything else. */
  readonly starttls?: boolean
  /** TLS from the first byte. */
  readonly smtps?: boolean
  /** `user:password`; whoever does not sign in with it is refused. */
  readonly login?: string
  /** Answered to RCPT instead of 250. */
  readonly refuse?: (address: string) => string | undefined
  /** Takes connections and says nothing. */
  readonly silent?: boolean
  /** Of loopback; 127.0.0.1 unless given. */
  readonly address?: string
}

export interface SmtpServer {
  readonly port: number
  readonly mails: readonly ReceivedMail[]
  /** How many there were. */
  connections(): number
  /** The next mail that comes, or has come since the last call. */
  next(): Promise<ReceivedMail>
  stop(): Promise<void>
}

/** A mail server on loopback that takes mail and keeps it: ESMTP (RFC 5321) with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954). */
export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpServer> {
  const mails: ReceivedMail[] = []
  const waiting: ((mail: ReceivedMail) => void)[] = []
  const sockets = new Set<Socket>()
  let given = 0
  let connected = 0
  const receive = (mail: ReceivedMail) => {
    mails.push(mail)
    const first = waiting.shift()
    if (first === undefined) return
    given++
    first(mail)
  }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    connected++
    if (options.silent === true) return
    const connection = options.smtps === true ? secured(socket) : socket
    converse(connection, options, options.smtps === true, receive)
    connection.write('220 mail.test ESMTP\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, options.address ?? '127.0.0.1', resolve))
  return {
    port: (server.address() as { port: number }).port,
    mails,
    connections: () => connected,
    next() {
      const mail = mails[given]
      if (mail !== undefined) {
        given++
        return Promise.resolve(mail)
      }
      return new Promise((resolve) => waiting.push(resolve))
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function secured(socket: Socket): TLSSocket {
  const { key, cert } = testCertificate()
  const secureContext = createSecureContext({ key, cert })
  return new TLSSocket(socket, { isServer: true, secureContext }).on('error', () => undefined)
}

function converse(socket: Socket, options: SmtpOptions, isTls: boolean, receive: (mail: ReceivedMail) => void): void {
  let pending = ''
  let from = ''
  let to: string[] = []
  let user: string | undefined
  let isData = false
  const say = (line: string) => socket.write(`${line}\r\n`)

  const command = (line: string) => {
    const verb = line.split(' ', 1)[0]?.toUpperCase()
    const needsTls = options.starttls === true && !isTls
    const needsLogin = options.login !== undefined && user === undefined
    switch (verb) {
      case 'EHLO': {
        const offers = [...(needsTls ? ['STARTTLS'] : []), ...(options.login === undefined ? [] : ['AUTH PLAIN'])]
        const lines = ['mail.test', '8BITMIME', 'SMTPUTF8', ...offers]
        lines.forEach((text, i) => void say(`250${i === lines.length - 1 ? ' ' : '-'}${text}`))
        return
      }
      case 'STARTTLS':
        if (!needsTls) return say('502 no TLS here')
        say('220 go ahead')
        socket.removeAllListeners('data')
        return converse(secured(socket), options, true, receive)
      case 'AUTH': {
        const [, name = '', password = ''] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0')
        if (`${name}:${password}` !== options.login) return say('535 5.7.8 wrong')
        user = name
        return say('235 2.7.0 welcome')
      }
      case 'MAIL':
        if (needsTls) return say('530 5.7.0 STARTTLS first')
        if (needsLogin) return say('530 5.7.0 sign in first')
        from = addressIn(line)
        to = []
        return say('250 ok')
      case 'RCPT': {
        const refusal = options.refuse?.(addressIn(line))
        if (refusal === undefined) to.push(addressIn(line))
        return say(refusal ?? '250 ok')
      }
      case 'DATA':
        isData = true
        return say('354 end with a dot')
      case 'RSET':
      case 'NOOP':
        return say('250 ok')
      case 'QUIT':
        say('221 bye')
        return socket.end()
      default:
        return say('502 what?')
    }
  }

  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1')
    for (;;) {
      const end = pending.indexOf(isData ? '\r\n.\r\n' : '\r\n')
      if (end === -1) return
      const part = pending.slice(0, end)
      pending = pending.slice(end + (isData ? 5 : 2))
      if (!isData) {
        command(part)
        continue
      }
      isData = false
      receive({ from, to, isTls, user, ...parsed(part.replace(/^\.\./gm, '.')) })
      say('250 2.0.0 taken')
    }
  })
}

function addressIn(line: string): string {
  return Buffer.from(/<([^>]*)>/.exec(line)?.[1] ?? '', 'latin1').toString()
}

function parsed(raw: string): Pick<ReceivedMail, 'headers' | 'text'> {
  const [head = '', body = ''] = raw.split(/\r\n\r\n(.*)/s)
  const headers = new Map(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => {
        const [name = '', value = ''] = line.split(/:\s*(.*)/s)
        return [name.toLowerCase(), decodedWords(value)]
      }),
  )
  const bytes =
    headers.get('content-transfer-encoding') === 'base64'
      ? Buffer.from(body, 'base64')
      : headers.get('content-transfer-encoding') === 'quoted-printable'
        ? quotedPrintable(body.replace(/=\r\n/g, ''))
        : Buffer.from(body, 'latin1')
  return { headers, text: bytes.toString().replaceAll('\r\n', '\n') }
}

function quotedPrintable(text: string): Buffer {
  return Buffer.from(
    text.replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  )
}

/** RFC 2047. */
function decodedWords(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      (kind.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64')
        : quotedPrintable(text.replaceAll('_', ' '))
      ).toString(),
    )
}
