import { z } from 'zod'
import { endpoint } from './endpoint.ts'
import { everyRow } from './every.ts'

export const statusGet = endpoint({
  name: 'status.get',
  method: 'GET',
  path: '/status',
  summary: 'What runs here and how it is',
  permission: 'status.read',
  response: z.object({
    version: z.string(),
    environment: z.string(),
    engine: z.string(),
    public_url: z.string(),
    started_at: z.string(),
    keys: z.number(),
    connections: z.number(),
    groups: z.number(),
    routes: z.number(),
    issuers: z.number(),
    audit: z.object({ mode: z.enum(['batched', 'strict']), failing: z.boolean() }),
    connector_problems: z.array(z.object({ file: z.string(), message: z.string() })),
  }),
  async handle({ parts }) {
    const { keys, connections, groups, routes, issuers } = parts.store
    return {
      ...parts.about,
      keys: await keys.count(),
      connections: await connections.count(),
      groups: (await everyRow((page) => groups.list(page))).length,
      routes: (await routes.all()).length,
      issuers: (await everyRow((page) => issuers.list(page))).length,
      audit: { mode: parts.trail.mode, failing: parts.trail.failing },
      connector_problems: parts.catalogue.problems(),
    }
  },
})
