import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { demandDebianPackages, PYTHON } from './application.ts'

/** The Python of the examples, by itself. */

const FASTAPI = join(import.meta.dirname, '../../examples/fastapi')
const files = readdirSync(FASTAPI, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'))

function python(code: string, input = ''): string {
  const env = {
    PATH: '/usr/bin:/bin',
    PYTHONPATH: FASTAPI,
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONWARNINGS: 'error::SyntaxWarning',
  }
  return execFileSync(PYTHON, ['-c', code], { env, input, encoding: 'utf8' })
}

describe('examples/fastapi', () => {
  it.each(files)('%s compiles', (name) => {
    const code = readFileSync(join(FASTAPI, name), 'utf8')
    expect(python('import sys;compile(sys.stdin.read(),"it","exec");print("compiles")', code)).toBe('compiles\n')
    expect(code.split('\n').filter((line) => line.length > 130)).toEqual([])
  })

  it('finds the packages that it imports, Debian’s', () => {
    expect(files.length).toBeGreaterThan(8)
    expect(demandDebianPackages).not.toThrow()
  })

  it('names every setting that is missing or odd at once, and no value', () => {
    const code = `
from till.settings import *
try: read_settings({"APP_URL": "till.example.org", "OCTROI_KEY": "hidden", "CLIENT_SECRET_FILE": "/nowhere", "SESSION_HOURS": "x"})
except SettingsError as error: print(error)`
    const said = python(code)
    for (const name of ['APP_URL', 'OCTROI_URL', 'CLIENT_ID', 'CLIENT_SECRET_FILE', 'SESSION_HOURS'])
      expect(said).toContain(name)
    for (const text of ['hidden', 'OCTROI_KEY', '/nowhere']) expect(said).not.toContain(text)
  })

  it('what is kept for a while ends then, is taken once, and does not grow without bounds', () => {
    const code = `
from till.expiring import Expiring
clock = [0.0]
kept = Expiring(10, 3, lambda: clock[0])
for name in "abcd": kept.put(name, name)
print([kept.get(name) for name in "abcd"])
print(kept.take("b"), kept.take("b"), kept.drop(lambda thing: thing == "c"))
clock[0] = 10.0
print(kept.get("d"))`
    expect(python(code).split('\n')).toEqual(["[None, 'b', 'c', 'd']", 'b None 1', 'None', ''])
  })

  it('a key that is not known yet is looked up, after half a minute; withdrawn keys are forgotten after an hour', () => {
    expect(python(KEYS).split('\n')).toEqual(['a: 1', 'b too soon: 1', 'b: 2', 'a after an hour: 3', ''])
  })
})

const KEYS = `
import asyncio, json, types
import httpx, jwt
from cryptography.hazmat.primitives.asymmetric import ec
from till import provider
from till.provider import Provider
clock = types.SimpleNamespace(now=1000.0)
provider.time = types.SimpleNamespace(monotonic=lambda: clock.now)
issuer, published, reads = "https://gate.example.org/oidc", [], []
def jwk(kid):
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    text = lambda number: jwt.utils.base64url_encode(number.to_bytes(32, "big")).decode()
    return {"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": text(numbers.x), "y": text(numbers.y)}
def answer(request):
    if request.url.path.endswith("/jwks"):
        reads.append(1)
        return httpx.Response(200, json={"keys": published})
    names = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint"]
    return httpx.Response(200, json={"issuer": issuer, "jwks_uri": issuer + "/jwks", **{n: issuer for n in names}})
async def main():
    known = Provider(issuer, httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    published[:] = [jwk("a")]
    assert await known.key("a")
    print("a:", len(reads))
    published.append(jwk("b"))
    assert await known.key("b") is None
    print("b too soon:", len(reads))
    clock.now += 31
    assert await known.key("b")
    print("b:", len(reads))
    published[:] = published[1:]
    assert await known.key("a")
    clock.now += 3601
    assert await known.key("a") is None
    print("a after an hour:", len(reads))
asyncio.run(main())`
