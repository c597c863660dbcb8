import { z } from 'zod'
import type { AuditLine } from '../core/audit.ts'
import { endpoint } from './endpoint.ts'
import { invalid } from './faults.ts'
import { Id, Page, pageOf, Time } from './schemas.ts'

const Line = z.object({
  at: z.string(),
  request: z.string(),
  action: z.string(),
  phase: z.string(),
  account: z.string().nullable(),
  key: z.string().nullable(),
  connection: z.string().nullable(),
  method: z.string().nullable(),
  path: z.string().nullable(),
  status: z.number().nullable(),
  code: z.string().nullable(),
  bytes_in: z.number(),
  bytes_out: z.number(),
  ms: z.number(),
  correlation: z.string().nullable(),
  address: z.string().nullable(),
  target: z.string().nullable(),
})

/** Batches read for one page at most: a rare filter gives a short page and a cursor, not a long wait. */
const MAX_BATCHES = 200

export const auditList = endpoint({
  name: 'audit.list',
  method: 'GET',
  path: '/audit',
  summary: 'Read the audit trail, newest first',
  description:
    'A page can be shorter than asked for, even empty, and still have a next_cursor: follow it until it is null.',
  permission: 'audit.read',
  query: z.strictObject({ ...Page, connection: Id.optional(), key: Id.optional(), since: Time.optional() }),
  response: pageOf(Line),
  async handle({ query, parts }) {
    await parts.trail.flushed()
    const { connection, key, since, limit } = query
    const place = parsePlace(query.cursor)
    const items: AuditLine[] = []
    let before = place?.row === undefined ? undefined : place.row + 1
    for (let read = 0; read < MAX_BATCHES; ) {
      const part = await parts.activity.batches({ limit: 10, connection, key, since, before })
      for (const batch of part) {
        const lines = batch.lines.split('\n').map((line) => JSON.parse(line) as AuditLine)
        // The batch that the cursor speaks of may be gone since: what was shown of it is not to be skipped in another.
        const skip = batch.row === place?.row ? place.skip : 0
        for (let i = lines.length - 1 - skip; i >= 0; i--) {
          const line = lines[i] as AuditLine
          if (items.length === limit) return { items, next_cursor: `${batch.row}.${lines.length - 1 - i}` }
          if (matches(line, connection, key, since)) items.push(line)
        }
        before = batch.row
        read++
      }
      if (part.length < 10) return { items, next_cursor: null }
    }
    return { items, next_cursor: `${(before ?? 1) - 1}.0` }
  },
})

function matches(
  line: AuditLine,
  connection: string | undefined,
  key: string | undefined,
  since: string | undefined,
): boolean {
  if (connection !== undefined && line.connection !== connection) return false
  if (key !== undefined && line.key !== key) return false
  return since === undefined || line.at >= since
}

/** `row.lines already shown of it`. */
function parsePlace(cursor: string | undefined): { row: number; skip: number } | undefined {
  if (cursor === undefined) return undefined
  const match = /^(\d{1,15})\.(\d{1,9})$/.exec(cursor)
  if (match) return { row: Number(match[1]), skip: Number(match[2]) }
  throw invalid('The request is not valid.', [{ path: 'cursor', message: 'is not a cursor of this list' }])
}
