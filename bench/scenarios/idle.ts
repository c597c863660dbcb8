import { setTimeout as sleep } from 'node:timers/promises'
import { untilAnswer } from '../answer.ts'
import { fillTokens } from '../fill.ts'
import { GOALS } from '../goals.ts'
import { api, foundSite, HEALTH, serve, spawnServer } from '../peers/octroi.ts'
import { cpuSeconds, pssMegabytes } from '../proc.ts'
import { figure } from '../report.ts'
import type { Scenario } from './scenario.ts'

const CONNECTIONS = 10_000

/** A gate that keeps ten thousand tokens fresh and has nothing else to do. */
export const idle: Scenario = async ({ lab, options, product }) => {
  if (!product) return { title: TITLE, tables: [], findings: [], notes: ['only Octroi keeps tokens'], data: [] }
  const site = await foundSite(lab, product, 'Octroi, 10,000 tokens')
  const first = await serve(lab, site)
  await api(site, '/connections', {
    id: 'token',
    connector: 'generic-oauth2-cc',
    settings: { base_url: 'https://api.example.com', token_url: 'https://login.example.com/token', scope: 'read' },
    secrets: { client_id: 'c', client_secret: 's' },
  }).finally(() => first.stop())
  await fillTokens(site.dataDir, 'token', CONNECTIONS)
  const began = performance.now()
  const server = spawnServer(lab, site)
  try {
    await untilAnswer(server, site.port, HEALTH)
    const started = performance.now() - began
    await sleep(3_000)
    const seconds = options.quick ? 5 : 30
    const before = cpuSeconds(server.pid)
    await sleep(seconds * 1000)
    const share = (cpuSeconds(server.pid) - before) / seconds
    const memory = pssMegabytes(server.pid)
    return {
      title: TITLE,
      tables: [
        {
          columns: ['connections', 'first answer ms', 'CPU %', 'PSS MB'],
          rows: [[String(CONNECTIONS), figure(started), figure(share * 100), figure(memory)]],
        },
      ],
      findings: [{ goal: GOALS.idle_cpu, by: 'share of one core', values: [share * 100] }],
      notes: [],
      data: { started, share, memory },
    }
  } finally {
    await server.stop()
  }
}

const TITLE = 'idle with 10,000 connections that hold tokens'
