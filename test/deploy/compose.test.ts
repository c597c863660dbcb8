import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { SETTINGS } from '../../src/config/settings.ts'
import { cidrCovers, parseCidr } from '../../src/policy/address.ts'
import { ROOT } from './context.ts'

/** Read by Compose itself (`docker-compose config`, which needs no engine), and then held to what the page promises of it. */

const FOLDER = join(ROOT, 'deploy/compose')
const example = readFileSync(join(FOLDER, '.env.example'), 'utf8')
const place = mkdtempSync(join(tmpdir(), 'octroi-compose-'))
afterAll(() => rmSync(place, { recursive: true, force: true }))

interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile?: string }
  readonly environment?: Record<string, string>
  readonly secrets?: { readonly source: string }[]
  readonly networks: Record<string, { readonly ipv4_address?: string; readonly aliases?: string[] } | null>
  readonly ports?: unknown[]
  readonly volumes?: (string | { readonly source: string })[]
  readonly depends_on?: Record<string, { readonly condition: string }>
  readonly healthcheck?: { readonly test: string[] }
  readonly profiles?: string[]
  readonly read_only?: boolean
  readonly cap_drop?: string[]
}
interface Compose {
  readonly services: Record<string, Service>
  readonly networks: Record<string, { readonly ipam?: { readonly config: { readonly subnet: string }[] } }>
  readonly volumes: Record<string, unknown>
  readonly secrets: Record<string, { readonly file: string }>
}

function resolved(environment: string, ...more: string[]): Compose {
  const file = join(place, 'env')
  writeFileSync(file, environment)
  const args = ['--env-file', file, '-f', join(FOLDER, 'compose.yaml'), ...more, 'config']
  return parse(
    execFileSync('docker-compose', args, { encoding: 'utf8', stdio: 'pipe', env: { PATH: process.env.PATH } }),
  )
}

const whole = resolved(example, '--profile', 'paheko')
const services = Object.entries(whole.services)
const named = (name: string) => whole.services[name] as Service

describe('deploy/compose', () => {
  it('says which setting is missing', () => {
    expect(() => resolved('APP_HOST=app.example.org\n')).toThrow(/the host name of Octroi, in .env/)
    expect(() => resolved('OCTROI_HOST=octroi.example.org\n')).toThrow(/the host name of the application, in .env/)
  })

  it('only Caddy is published', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['caddy'])
    expect(services.filter(([, service]) => 'network_mode' in service)).toEqual([])
  })

  it('Octroi believes Caddy, at its own address, which no other service can have', () => {
    const address = named('caddy').networks.front?.ipv4_address as string
    expect(named('octroi').environment?.OCTROI_TRUSTED_PROXIES).toBe(address)
    const subnet = whole.networks.front?.ipam?.config[0]?.subnet as string
    expect(cidrCovers(parseCidr(subnet), parseCidr(address))).toBe(true)
    expect(
      services
        .filter(([, { networks }]) => 'front' in networks)
        .map(([name]) => name)
        .sort(),
    ).toEqual(['caddy', 'octroi'])
    expect(readFileSync(join(FOLDER, 'Caddyfile'), 'utf8')).toContain('reverse_proxy gate:8700')
    const gates = services.flatMap(([, { networks }]) =>
      Object.entries(networks).filter(([, at]) => at?.aliases?.includes('gate')),
    )
    expect(gates.map(([network]) => network)).toEqual(['front'])
  })

  it('the application does not reach Paheko but through Octroi', () => {
    const [app, paheko] = [named('app'), named('paheko')].map(({ networks }) => Object.keys(networks))
    expect(app?.filter((network) => paheko?.includes(network))).toEqual([])
    for (const networks of [app, paheko])
      expect(Object.keys(named('octroi').networks)).toEqual(expect.arrayContaining(networks ?? ['none']))
    expect(named('app').environment?.PAHEKO_URL).toBe('http://octroi:8700/proxy/paheko')
  })

  it('programs inside find Octroi by its public name', () => {
    const host = new URL(named('octroi').environment?.OCTROI_PUBLIC_URL as string).hostname
    for (const network of ['apps', 'books']) expect(named('caddy').networks[network]?.aliases).toEqual([host])
    expect(named('app').environment?.OCTROI_URL).toBe(`https://${host}`)
  })

  it('secrets are files, of which the services name those that are theirs', () => {
    const sources = Object.fromEntries(
      services.map(([name, { secrets = [] }]) => [name, secrets.map(({ source }) => source)]),
    )
    expect(sources).toEqual({
      caddy: [],
      octroi: ['octroi_master_key'],
      app: ['app_client_secret', 'app_octroi_key'],
      paheko: [],
    })
    expect(Object.keys(whole.secrets).sort()).toEqual(Object.values(sources).flat().sort())
    for (const [, { environment = {}, secrets = [] }] of services) {
      const files = Object.entries(environment).filter(([name]) => name.endsWith('_FILE'))
      expect(files.map(([, path]) => path).sort()).toEqual(secrets.map(({ source }) => `/run/secrets/${source}`).sort())
      const open = Object.keys(environment).filter(
        (name) => /SECRET|KEY|PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE'),
      )
      expect(open).toEqual([])
    }
  })

  it('every setting of Octroi is one', () => {
    const known = Object.values(SETTINGS).map(({ env }) => env as string)
    expect(Object.keys(named('octroi').environment ?? {}).filter((name) => !known.includes(name))).toEqual([])
  })

  it('the application is asked for only what it reads', () => {
    const settings = readFileSync(join(ROOT, 'examples/fastapi/till/settings.py'), 'utf8')
    const names = Object.keys(named('app').environment ?? {}).map((name) => name.replace(/_FILE$/, ''))
    expect(names.filter((name) => !settings.includes(`"${name}"`))).toEqual([])
  })

  it('what is built is there; what is mounted is declared or beside it', () => {
    for (const [, { build }] of services.filter(([, service]) => service.build !== undefined))
      expect(existsSync(join(build?.context ?? '', build?.dockerfile ?? 'Dockerfile')), JSON.stringify(build)).toBe(
        true,
      )
    const sources = services.flatMap(([, { volumes = [] }]) =>
      volumes.map((volume) => (typeof volume === 'string' ? volume.split(':')[0] : volume.source) as string),
    )
    const ours = sources.filter((source) => !(source in whole.volumes))
    expect(ours.map((source) => source.slice(FOLDER.length)).sort()).toEqual(['/Caddyfile', '/backups'])
  })

  it('Caddy reads its file, and leads each host to a service of its own network', () => {
    const env = { PATH: process.env.PATH, ...named('caddy').environment }
    const args = ['adapt', '--adapter', 'caddyfile', '--config', join(FOLDER, 'Caddyfile')]
    const { apps } = JSON.parse(execFileSync('caddy', args, { encoding: 'utf8', stdio: 'pipe', env }))
    const { routes } = Object.values(apps.http.servers)[0] as { routes: { match: { host: string[] }[] }[] }
    const upstreams = (route: unknown) =>
      [...JSON.stringify(route).matchAll(/"dial":"([^"]+)"/g)].map(([, dial]) => dial)
    const led = Object.fromEntries(routes.map((route) => [route.match[0]?.host[0], upstreams(route)]))
    const { OCTROI_HOST, APP_HOST, PAHEKO_HOST } = env as Record<string, string>
    expect(led).toEqual({
      [OCTROI_HOST ?? '']: ['gate:8700'],
      [APP_HOST ?? '']: ['app:8000'],
      [PAHEKO_HOST ?? '']: ['paheko:80'],
    })
    for (const name of ['app', 'paheko'])
      expect(Object.keys(named(name).networks).some((network) => network in named('caddy').networks)).toBe(true)
  })

  it('nobody is started before what he needs answers', () => {
    for (const name of ['caddy', 'app'])
      expect(named(name).depends_on).toEqual({ octroi: { condition: 'service_healthy' } })
    expect(named('octroi').healthcheck?.test).toEqual(['CMD', 'healthy'])
  })

  it('Octroi and the application have a root that nobody writes to, and no capability', () => {
    for (const name of ['octroi', 'app']) expect(named(name)).toMatchObject({ read_only: true, cap_drop: ['ALL'] })
  })

  it('Paheko has its place, and is there only for who asks for it', () => {
    expect(named('paheko').profiles).toEqual(['paheko'])
    const given = resolved(`${example}\nPAHEKO_IMAGE=registry.example.org/paheko:1\n`, '--profile', 'paheko')
    expect(given.services.paheko?.image).toBe('registry.example.org/paheko:1')
  })

  it('.env.example names every variable, and no other', () => {
    const text = readFileSync(join(FOLDER, 'compose.yaml'), 'utf8')
    const used = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string))
    const given = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name as string)
    expect(given.filter((name) => name !== 'COMPOSE_PROJECT_NAME').sort()).toEqual([...used].sort())
  })
})
