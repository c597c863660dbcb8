import type { LookupFunction } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bareHost, Egress, originRefusal, portOf } from './egress.ts'

const nowhere = () => []
const open = new Egress({ allow_private: true, allow_http: true }, nowhere)
const strict = new Egress({}, nowhere)

/** A resolver that answers what the test says, one list per question. */
function answering(...answers: string[][]): LookupFunction & { asked: number } {
  const resolve = ((_host, _options, callback) => {
    const list = answers[Math.min(resolve.asked, answers.length - 1)] ?? []
    resolve.asked++
    callback(
      null,
      list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }) as LookupFunction & { asked: number }
  resolve.asked = 0
  return resolve
}

const judge = (url: string, egress = strict) => {
  const { hostname, protocol } = new URL(url)
  return egress.refusal(bareHost(hostname), portOf(new URL(url)), protocol)
}

describe('T32: never, whatever a connection says', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'fd00:ec2::254',
    'fd20:ce::254',
    '2001::1',
    '2002:7f00:1::1',
    '64:ff9b:1::7f00:1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '0:0:0:0:0:ffff:a9fe:a9fe',
    '::a9fe:a9fe',
    '::169.254.169.254',
    '::ffff:0:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '64:FF9B:0:0:0:0:A9FE:A9FE',
    'not an address',
    '',
    '127.0.0.1 ',
    '0177.0.0.1',
    '2130706433',
  ])('%s', (address) => {
    expect(open.refusal(address, 443, 'https:')).toBeDefined()
  })

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fc00::1',
    'fd12::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::a00:1',
    '64:ff9b::0:1'.replace('0:1', '7f00:1'),
  ])('private: %s only with allow_private', (address) => {
    expect(strict.refusal(address, 443, 'https:')).toContain('private')
    expect(open.refusal(address, 443, 'https:')).toBeUndefined()
  })

  it.each(['93.184.216.34', '2606:2800:220:1::1', '172.32.0.1', '100.128.0.1', '64:ff9b::5db8:d822', '11.0.0.1'])(
    'public: %s',
    (address) => {
      expect(strict.refusal(address, 443, 'https:')).toBeUndefined()
    },
  )

  it.each([
    'http://2130706433/',
    'http://0x7f000001/',
    'http://017700000001/',
    'http://0177.0.0.1/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://①②⑦.0.0.1/',
    'http://127。0。0。1/',
    'http://127.0.0.1./',
    'http://[::ffff:127.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://0/',
    'http://2852039166/',
    'http://0xA9FEA9FE/',
    'http://[::ffff:169.254.169.254]/',
  ])('an address in disguise: %s', (url) => {
    expect(judge(url)).toBeDefined()
  })

  it('property: an IPv4 address is judged alike in every notation that carries it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom(strict, open), (address, egress) => {
        const wanted = egress.refusal(address, 443, 'https:') === undefined
        const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
        const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
        for (const prefix of ['::ffff:', '0:0:0:0:0:ffff:', '64:ff9b::']) {
          for (const tail of [address, hex]) {
            expect(egress.refusal(prefix + tail, 443, 'https:') === undefined).toBe(wanted)
          }
        }
      }),
    )
  })

  it('property: any text is judged, none throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.ipV6(),
          fc.ipV6().map((ip) => `${ip}%1`),
        ),
        (text) => {
          const refusal = strict.refusal(text, 443, 'https:')
          expect(refusal === undefined || typeof refusal === 'string').toBe(true)
        },
      ),
    )
  })
})

describe('plain HTTP', () => {
  it('needs allow_http', () => {
    expect(new Egress({ allow_private: true }, nowhere).refusal('127.0.0.1', 80, 'http:')).toContain('allow_http')
  })
  it('is never for public addresses', () => {
    expect(open.refusal('93.184.216.34', 80, 'http:')).toContain('private addresses only')
  })
})

describe('allow_private as a list of networks', () => {
  const some = new Egress({ allow_private: ['10.1.0.0/16', '127.0.0.1'] }, nowhere)
  it.each([
    ['10.1.2.3', true],
    ['::ffff:a01:203', true],
    ['127.0.0.1', true],
    ['10.2.0.1', false],
    ['127.0.0.2', false],
    ['192.168.0.1', false],
  ])('%s: %s', (address, allowed) => {
    expect(some.refusal(address, 443, 'https:') === undefined).toBe(allowed)
  })
  it('opens nothing that is never allowed', () => {
    expect(
      new Egress({ allow_private: ['169.254.0.0/16'] }, nowhere).refusal('169.254.169.254', 80, 'https:'),
    ).toBeDefined()
  })
})

describe('D9: Octroi’s own listeners', () => {
  const at = (address: string, port = 8700) =>
    new Egress({ allow_private: true, allow_http: true }, () => [{ address, port }])

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1', '::1'],
    ['127.0.0.1', '::ffff:7f00:1'],
    ['127.0.0.1', '64:ff9b::7f00:1'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::', '::1'],
    ['::1', '127.0.0.1'],
    ['10.0.0.5', '10.0.0.5'],
    ['10.0.0.5', '::ffff:a00:5'],
    ['::ffff:10.0.0.5', '10.0.0.5'],
    ['fd00::5', 'fd00:0:0:0:0:0:0:5'],
  ])('listening on %s, %s at its port is refused', (listening, address) => {
    expect(at(listening).refusal(address, 8700, 'http:')).toContain('Octroi')
    expect(at(listening).refusal(address, 8701, 'http:')).toBeUndefined()
  })

  it('another host at the same port is not', () => {
    expect(at('10.0.0.5').refusal('10.0.0.6', 8700, 'http:')).toBeUndefined()
  })
})

describe('names', () => {
  const ask = (egress: Egress, resolve: LookupFunction, all: boolean) =>
    new Promise<unknown>((settle) => {
      egress.lookup(443, 'https:', resolve)('service.test', { all }, (error, found) => settle(error ?? found))
    })

  it('a name that gives only refused addresses is refused', async () => {
    for (const all of [true, false]) {
      const result = await ask(strict, answering(['127.0.0.1', '169.254.169.254']), all)
      expect(result).toMatchObject({ name: 'RefusedAddress' })
    }
  })

  it('of a mixed answer only the allowed addresses are connected to', async () => {
    expect(await ask(strict, answering(['127.0.0.1', '93.184.216.34']), true)).toEqual([
      { address: '93.184.216.34', family: 4 },
    ])
    expect(await ask(strict, answering(['10.0.0.1', '93.184.216.34']), false)).toBe('93.184.216.34')
  })

  it('an empty answer is refused', async () => {
    expect(await ask(strict, answering([]), true)).toBeInstanceOf(Error)
  })

  it('at creation one refused address is enough; a name that gives nothing is judged at the call', async () => {
    const check = (...list: string[]) => originRefusal('https://service.test', strict, answering(list))
    expect(await check('93.184.216.34', '127.0.0.1')).toContain('private')
    expect(await check('93.184.216.34')).toBeUndefined()
    expect(await check()).toBeUndefined()
    expect(await originRefusal('https://[::ffff:7f00:1]/x', strict, answering([]))).toContain('private')
  })
})
