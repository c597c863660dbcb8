import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasBrowser } from './browser.ts'
import { FailedError } from './command.ts'
import { Loopback } from './loopback.ts'

let loopback: Loopback
beforeEach(async () => {
  loopback = await Loopback.open()
})
afterEach(() => loopback.close())

const get = (address: string) => fetch(address, { redirect: 'manual' })

describe('a port of this machine', () => {
  it('302 to the link for the first who comes, 410 for the second: somebody was faster', async () => {
    const address = loopback.leadTo('https://octroi.example.org/connect/secret-link')
    expect(address).not.toContain('secret-link')
    const first = await get(address)
    expect([first.status, first.headers.get('location')]).toEqual([
      302,
      'https://octroi.example.org/connect/secret-link',
    ])
    expect(first.headers.get('cache-control')).toBe('no-store')
    expect((await get(address)).status).toBe(410)
  })

  it('200 for the session that is waited for, 404 for any other, and before anybody waits', async () => {
    const back = (session: string, code = 'c0de') => `${loopback.returnUrl}?session=${session}&code=${code}`
    expect((await get(back('mine'))).status).toBe(404)
    const code = loopback.code('mine', new AbortController().signal)
    expect((await get(back('theirs'))).status).toBe(404)
    expect((await get(`${loopback.returnUrl}?session=mine`)).status).toBe(404)
    expect((await get(`${new URL(loopback.returnUrl).origin}/other`)).status).toBe(404)
    expect((await fetch(back('mine'), { method: 'POST' })).status).toBe(404)
    expect((await get(back('mine'))).status).toBe(200)
    expect(await code).toBe('c0de')
  })

  it('404 under another host name: a page of elsewhere cannot reach it by turning its name', async () => {
    const { port } = new URL(loopback.leadTo('https://octroi.example.org/connect/x'))
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/', headers: { host: 'evil.example' } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(404)
  })

  it('is given up with the reason that is given', async () => {
    const given = new AbortController()
    const code = loopback.code('mine', given.signal)
    given.abort(new FailedError('given up'))
    await expect(code).rejects.toThrow('given up')
    await expect(loopback.code('mine', given.signal)).rejects.toThrow('given up')
  })
})

describe('a browser here', () => {
  it.each([
    [{ DISPLAY: ':0' }, 'linux', true],
    [{ WAYLAND_DISPLAY: 'wayland-0' }, 'linux', true],
    [{}, 'linux', false],
    [{ DISPLAY: '' }, 'linux', false],
    [{ DISPLAY: ':10', SSH_CONNECTION: 'a b' }, 'linux', false],
    [{}, 'darwin', true],
    [{ SSH_TTY: '/dev/pts/1' }, 'darwin', false],
    [{}, 'win32', true],
  ] as const)('%j on %s: %s', (env, platform, may) => {
    expect(hasBrowser(env, platform)).toBe(may)
  })
})
