import { untilAnswer } from '../answer.ts'
import { type Finding, GOALS } from '../goals.ts'
import type { Lab } from '../lab.ts'
import { api, bearer, foundSite, serve } from '../peers/octroi.ts'
import { PATHS, type Standing } from '../peers/peer.ts'
import type { Product } from '../product.ts'
import { figure, spanned } from '../report.ts'
import { interleave, type Series } from '../sample.ts'
import { median, ratios } from '../statistics.ts'
import type { Scenario } from './scenario.ts'

/** One connection of each kind of signing, all at one gate: the ready-made ones first, those that sign every request last. */
const KINDS = [
  { id: 'basic', connector: 'generic-basic', secrets: { username: 'u', password: 'p' } },
  { id: 'api-key', connector: 'generic-api-key', secrets: { api_key: 'k'.repeat(40) } },
  {
    id: 'oauth2',
    connector: 'generic-oauth2',
    settings: {
      authorization_url: 'http://127.0.0.1:9/authorize',
      token_url: 'http://127.0.0.1:9/token',
      scope: 'read',
    },
    secrets: { client_id: 'c', client_secret: 's', oauth_access_token: 't'.repeat(60) },
  },
  { id: 'hmac', connector: 'generic-hmac', secrets: { key_id: 'k', secret: 's'.repeat(40) } },
  {
    id: 'aws-sigv4',
    connector: 'generic-aws',
    settings: { service: 'execute-api', region: 'eu-west-3' },
    secrets: { access_key_id: 'AKIDEXAMPLE', secret_access_key: 's'.repeat(40) },
  },
]

/** What signing costs: the same call through connections of different schemes, interleaved on one server. */
export const schemes: Scenario = async ({ lab, options, product, upstream }) => {
  if (!product)
    return { title: TITLE, tables: [], findings: [], notes: ['only Octroi signs: nothing to compare'], data: [] }
  const gate = await openGate(lab, product, upstream.port)
  const all = await interleave(lab, gate, 'small', options).finally(() => gate[0]?.stop())
  const basic = all[0]!
  return {
    title: TITLE,
    tables: [
      {
        columns: ['scheme', 'req/s', 'CPU µs/request', 'of basic'],
        rows: all.map((series) => [
          series.peer.name,
          spanned(series.perSecond),
          spanned(series.cpuMicros),
          figure(median(ratios(series.cpuMicros, basic.cpuMicros))),
        ]),
      },
    ],
    findings: findings(all, basic),
    notes: ['hmac and aws-sigv4 compute a signature for every request; the others are ready-made'],
    data: all.map(({ peer, ...figures }) => ({ scheme: peer.name, ...figures })),
  }
}

const TITLE = 'signing, answers of 200 B'

async function openGate(lab: Lab, product: Product, upstream: number): Promise<Standing[]> {
  const site = await foundSite(lab, product, 'Octroi, every scheme')
  const server = await serve(lab, site)
  const { id: account } = await api(site, '/accounts', { kind: 'service', name: 'bench' })
  for (const { id, connector, settings = {}, secrets } of KINDS) {
    const network = { allow_private: true, allow_http: true }
    const own = { base_url: `http://127.0.0.1:${upstream}`, ...settings }
    await api(site, '/connections', { id, connector, settings: own, secrets, network })
  }
  const grants = KINDS.map(({ id }) => ({ connection: id, allow: ['GET /**'] }))
  const { key } = await api(site, '/keys', { name: 'bench', account, grants, permissions: [] })
  const headers = bearer(String(key))
  for (const { id } of KINDS) await untilAnswer(server, site.port, `/proxy/${id}${PATHS.small}`, headers)
  return KINDS.map(({ id }) => ({ ...server, name: id, port: site.port, prefix: `/proxy/${id}`, headers }))
}

function findings(all: readonly Series[], basic: Series): Finding[] {
  const oauth2 = all.find(({ peer }) => peer.name === 'oauth2')
  if (!oauth2) return []
  return [{ goal: GOALS.signing, by: 'CPU/request', values: ratios(oauth2.cpuMicros, basic.cpuMicros) }]
}
