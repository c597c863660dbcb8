import { afterEach, describe, expect, it } from 'vitest'
import { credential, type Scene, startScene, until, type Wire, wireTo } from '../gateway/scene.ts'

/** Bodies that are signed are held in memory: a caller with many large ones must not take all of it. */

const MB = 1024 * 1024
let scene: Scene
const wires: Wire[] = []
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.socket.destroy()
  await scene.stop()
})

/** All of the body but its last byte. */
function begin(bytes: number): Wire {
  const wire = wireTo(scene.gate.port)
  wires.push(wire)
  const head = ['POST /proxy/svc/echo HTTP/1.1', 'Host: gate', ...credential(scene.key), `Content-Length: ${bytes}`]
  wire.send(...head, 'Connection: close', '', '')
  wire.socket.write(BLOCK.subarray(0, bytes - 1))
  return wire
}
const BLOCK = Buffer.alloc(15 * MB, 'b')

describe('many large bodies at once', () => {
  it('503 busy once they hold a quarter of a gigabyte, and room again when they are over', {
    timeout: 60_000,
  }, async () => {
    const secrets = { key_id: 'k1', secret: 'golden-secret' }
    scene = await startScene({ connector: 'generic-hmac', secrets })
    const held = Array.from({ length: 20 }, () => begin(15 * MB))
    const refused = () => held.filter((wire) => wire.text().includes('Octroi-Error: busy'))
    await until(() => expect(refused().length).toBeGreaterThanOrEqual(3))
    expect(refused()[0]?.text()).toMatch(/^HTTP\/1.1 503 [\s\S]*Retry-After: \d/)
    expect(scene.upstream.requests).toEqual([])
    for (const wire of held) wire.socket.destroy()
    await until(async () => {
      const wire = begin(MB)
      wire.socket.write('b')
      expect(await wire.closed).toMatch(/^HTTP\/1.1 200 /)
    })
  })
})
