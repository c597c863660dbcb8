import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { BodyRelay, readBody } from './body_relay.ts'
import { CallerGone } from './caller_gone.ts'

/** A request whose body comes when the test says so. */
function source(): PassThrough & IncomingMessage {
  return Object.assign(new PassThrough(), { complete: false }) as unknown as PassThrough & IncomingMessage
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
const unhandled: unknown[] = []
const note = (error: unknown) => void unhandled.push(error)
afterEach(() => void process.off('uncaughtException', note))

describe('a body on its way', () => {
  it('a caller who leaves when nobody listens any more does not end the process', async () => {
    process.on('uncaughtException', note)
    const from = source()
    const relay = new BodyRelay(from, 100)
    relay.resume()
    from.write('half')
    await settled()
    from.destroy()
    await settled()
    expect([relay.errored instanceof CallerGone, unhandled]).toEqual([true, []])
  })

  it('one who left before it was asked for is not waited for', async () => {
    const from = source()
    from.destroy()
    await settled()
    const relay = new BodyRelay(from, 100).resume()
    await settled()
    expect(relay.errored).toBeInstanceOf(CallerGone)
    await expect(readBody(from, { limit: 100, idleMs: 1_000, hold: () => undefined })).rejects.toBeInstanceOf(
      CallerGone,
    )
  })

  it('413 at the byte that is one too many; what is below the limit is kept for a second attempt', async () => {
    const from = source()
    const relay = new BodyRelay(from, 5)
    relay.resume()
    from.write('12345')
    await settled()
    expect([relay.errored, relay.replay]).toEqual([null, undefined])
    from.end()
    await settled()
    expect(String(relay.replay)).toBe('12345')
    const over = source()
    const cut = new BodyRelay(over, 5).resume()
    over.write('123456')
    await settled()
    expect(cut.errored).toMatchObject({ code: 'payload_too_large' })
  })

  it('nothing is read before somebody wants it, and it pauses when nobody does', async () => {
    const from = source()
    const relay = new BodyRelay(from, 10_000_000)
    from.write('x')
    await settled()
    expect(relay.received).toBe(0)
    relay.read()
    for (let i = 0; i < 100; i++) from.write(Buffer.alloc(65_536))
    for (let i = 0; i < 20; i++) await settled()
    expect(relay.received).toBeLessThan(1_000_000)
  })
})
