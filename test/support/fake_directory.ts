import { createServer, type Socket } from 'node:net'

/** An LDAP server that answers as it is told (RFC 4511), for what OpenLDAP does not do: Active Directory's words, silence, broken TLS. */
export interface FakeDirectory {
  readonly url: string
  /** Everything that it was sent. */
  readonly received: Buffer[]
  stop(): Promise<void>
}

export type Operation = 'bind' | 'search' | 'starttls'

export interface FakeAnswer {
  readonly code: number
  readonly text?: string
  /** Entries of a search. */
  readonly entries?: readonly { readonly dn: string; readonly attributes: Readonly<Record<string, string | Buffer>> }[]
}

const TAGS: Readonly<Record<number, { readonly name: Operation; readonly answer: number }>> = {
  96: { name: 'bind', answer: 97 },
  99: { name: 'search', answer: 101 },
  119: { name: 'starttls', answer: 120 },
}

/** `answer`: undefined is silence. `nth` counts the operations of one kind. */
export async function startFakeDirectory(
  answer: (operation: Operation, nth: number, message: Buffer) => FakeAnswer | undefined,
): Promise<FakeDirectory> {
  const received: Buffer[] = []
  const sockets = new Set<Socket>()
  const counts = { bind: 0, search: 0, starttls: 0 }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket)).on('error', () => undefined)
    let waiting = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk)
      waiting = Buffer.concat([waiting, chunk])
      for (let size = sizeOf(waiting); size !== undefined && size <= waiting.length; size = sizeOf(waiting)) {
        const message = waiting.subarray(0, size)
        waiting = waiting.subarray(size)
        const { id, tag } = headOf(message)
        const operation = TAGS[tag]
        if (operation === undefined) continue
        const given = answer(operation.name, counts[operation.name]++, message)
        if (given !== undefined) socket.write(answerOf(id, operation.answer, given))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    url: `ldap://127.0.0.1:${port}`,
    received,
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Of the whole first message; undefined until its length is known. */
function sizeOf(bytes: Buffer): number | undefined {
  const first = bytes[1]
  if (first === undefined) return undefined
  if (first < 0x80) return 2 + first
  const count = first & 0x7f
  return bytes.length < 2 + count ? undefined : 2 + count + bytes.readUIntBE(2, count)
}

function headOf(message: Buffer): { readonly id: Buffer; readonly tag: number } {
  const start = (message[1] as number) < 0x80 ? 2 : 2 + ((message[1] as number) & 0x7f)
  const length = message[start + 1] as number
  return { id: message.subarray(start, start + 2 + length), tag: message[start + 2 + length] as number }
}

function answerOf(id: Buffer, tag: number, { code, text = '', entries = [] }: FakeAnswer): Buffer {
  const found = entries.map(({ dn, attributes }) =>
    tlv(0x30, id, tlv(0x64, octets(dn), tlv(0x30, ...Object.entries(attributes).map(attribute)))),
  )
  const result = tlv(0x30, id, tlv(tag, tlv(0x0a, Buffer.from([code])), octets(''), octets(text)))
  return Buffer.concat([...found, result])
}

function attribute([name, value]: [string, string | Buffer]): Buffer {
  return tlv(0x30, octets(name), tlv(0x31, octets(value)))
}

function octets(value: string | Buffer): Buffer {
  return tlv(0x04, Buffer.from(value as string))
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : Buffer.from([0x82, content.length >> 8, content.length & 0xff])
  return Buffer.concat([Buffer.from([tag]), length, content])
}
