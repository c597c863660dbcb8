import { type Answer, attachment, html, ok, Refusal } from './paheko_answers.ts'
import { type Books, transactionJson } from './paheko_books.ts'
import { type Members, memberJson } from './paheko_members.ts'
import { bodyParams, type Params, queryParams, textOf } from './paheko_params.ts'

/** Of a credential, for all sections at once: 1 reads, 2 writes, 9 administers. */
export type Level = 1 | 2 | 9
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What an operation works on. `args` are the groups of the route's pattern. */
interface Call {
  readonly books: Books
  readonly members: Members
  readonly args: readonly string[]
  readonly query: string
  readonly contentType: string
  readonly body: Buffer
}

/** An answer, or the part that writes: it runs alone, or the database is locked. */
type Outcome = Answer | (() => Answer)

/** Existence is checked before the level, the level before the body. */
interface Operation {
  readonly level: Level
  exists?(call: Call): void
  run(call: Call): Outcome | Promise<Outcome>
}

interface Route {
  readonly path: RegExp
  readonly methods: Partial<Record<Method, Operation>>
}

const done = () => ok({ success: true })
const fields = (call: Call): Promise<Params> => bodyParams(call.body, call.contentType)

function transaction(call: Call) {
  const found = call.books.get(Number(call.args[0]))
  if (!found) throw new Refusal(404, `Transaction #${call.args[0]} not found`)
  return found
}

function member(call: Call) {
  const found = call.members.get(Number(call.args[0]))
  if (!found) throw new Refusal(404, 'The requested user ID does not exist')
  return found
}

const readMember: Operation = { level: 1, exists: member, run: (call) => ok(memberJson(member(call))) }
const linkTransaction: Operation = { level: 2, exists: transaction, run: () => done }

const newMember = (params: (call: Call) => Params | Promise<Params>): Operation => ({
  level: 2,
  async run(call) {
    const commit = call.members.prepare(await params(call))
    return () => ok(memberJson(commit()))
  },
})

const importMembers: Operation = {
  level: 9,
  run: (call) => () => {
    call.members.import(call.body.toString('utf8'))
    return html(200)
  },
}

const previewImport: Operation = { level: 9, run: () => ok({ created: [], modified: [], unchanged: [] }) }
const importSubscriptions: Operation = { level: 9, run: () => () => html(200) }

/** It runs no SQL: whatever is asked, the members come out, which is what a gate must not let happen. */
const sql = (query: (call: Call) => string): Operation => ({
  level: 1,
  run(call) {
    if (query(call).trim() === '') throw new Refusal(400, 'Missing SQL statement')
    const results = call.members.list()
    return ok({ count: results.length, results })
  },
})

const ROUTES: readonly Route[] = [
  {
    path: /^sql/,
    methods: {
      GET: sql((call) => textOf(queryParams(call.query), 'sql') ?? ''),
      POST: sql((call) => String(call.body)),
    },
  },
  {
    path: /^download$/,
    methods: { GET: { level: 1, run: () => attachment('association.sqlite', Buffer.from('SQLite format 3\0')) } },
  },
  {
    path: /^download\/files$/,
    methods: { GET: { level: 1, run: () => attachment('files.zip', Buffer.from('PK\x05\x06'.padEnd(22, '\0'))) } },
  },
  { path: /^errors\/log$/, methods: { GET: { level: 1, run: () => ok([]) } } },
  { path: /^errors\/report$/, methods: { POST: { level: 9, run: done } } },
  { path: /^services\/subscriptions\/import$/, methods: { PUT: importSubscriptions, POST: importSubscriptions } },

  { path: /^accounting\/years$/, methods: { GET: { level: 1, run: (call) => ok(call.books.years()) } } },
  {
    path: /^accounting\/years\/([^/]+)\/journal$/,
    methods: {
      GET: {
        level: 1,
        run(call) {
          if (!call.books.hasYear(call.args[0] ?? '')) throw new Refusal(400, 'Invalid year.')
          return ok(call.books.journal(new Date()))
        },
      },
    },
  },
  { path: /^accounting\/charts$/, methods: { GET: { level: 1, run: (call) => ok(call.books.charts()) } } },
  {
    path: /^accounting\/charts\/(\d+)\/accounts$/,
    methods: { GET: { level: 1, run: (call) => ok(call.args[0] === '1' ? call.books.accounts() : []) } },
  },
  {
    path: /^accounting\/transaction$/,
    methods: {
      POST: {
        level: 2,
        async run(call) {
          const commit = call.books.prepare(await fields(call))
          return () => ok(transactionJson(commit()))
        },
      },
    },
  },
  {
    path: /^accounting\/transaction\/(\d+)$/,
    methods: {
      GET: { level: 1, exists: transaction, run: (call) => ok(transactionJson(transaction(call))) },
      POST: {
        level: 2,
        exists: transaction,
        async run(call) {
          const params = await fields(call)
          return () => {
            const found = transaction(call)
            found.label = textOf(params, 'label') ?? found.label
            found.notes = textOf(params, 'notes') ?? found.notes
            found.reference = textOf(params, 'reference') ?? found.reference
            return ok(transactionJson(found))
          }
        },
      },
    },
  },
  {
    path: /^accounting\/transaction\/(\d+)\/users$/,
    methods: {
      GET: { level: 1, exists: transaction, run: () => ok([]) },
      POST: linkTransaction,
      DELETE: linkTransaction,
    },
  },

  { path: /^user\/new$/, methods: { GET: newMember((call) => queryParams(call.query)), POST: newMember(fields) } },
  { path: /^user\/categories$/, methods: { GET: { level: 1, run: (call) => ok(call.members.categories()) } } },
  {
    path: /^user\/category\/(\d+)(?:\.json)?$/,
    methods: { GET: { level: 1, run: (call) => ok(call.members.list(Number(call.args[0]))) } },
  },
  { path: /^user\/import$/, methods: { PUT: importMembers, POST: importMembers } },
  { path: /^user\/import\/preview$/, methods: { PUT: previewImport, POST: previewImport } },
  {
    path: /^user\/(\d+)$/,
    methods: {
      GET: readMember,
      PUT: readMember, // It reads, whatever the method suggests.
      POST: {
        level: 2,
        exists: member,
        async run(call) {
          const params = await fields(call)
          return () => {
            call.members.edit(member(call), params)
            return ok(memberJson(member(call)))
          }
        },
      },
      DELETE: {
        level: 9,
        exists: member,
        run: (call) => () => {
          call.members.remove(member(call))
          return done()
        },
      },
    },
  },
  { path: /^user\/(\d+)\/subscribe$/, methods: { POST: { level: 2, exists: member, run: () => done } } },
]

/** The operation that a path and method name, with the arguments in the path. */
export function route(path: string, method: Method): { operation: Operation; args: string[] } {
  for (const { path: pattern, methods } of ROUTES) {
    const match = pattern.exec(path)
    if (!match) continue
    const operation = methods[method]
    if (!operation) throw new Refusal(400, 'Wrong request method')
    return { operation, args: match.slice(1) }
  }
  throw new Refusal(404, unknown(path))
}

function unknown(path: string): string {
  const section = path.split('/', 1)[0]
  return section === 'accounting' || section === 'user' ? `Unknown ${section} action` : 'Unknown path'
}
