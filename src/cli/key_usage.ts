import { command } from './command.ts'
import { table } from './table.ts'

export const usage = command({
  name: 'key usage',
  args: ['ID'],
  summary: 'How often a key was used, day by day; "self" is yours',
  description:
    'Days are of UTC. What the audit trail has a line of counts: calls, checks of forward-auth, changes in the management API, refusals. REFUSED are those of the calls that Octroi itself refused.',
  examples: ['key usage 1a2b3c4d', 'key usage self --from 2026-11-01 --to 2026-11-30 --json'],
  on: 'server',
  options: {
    from: { type: 'string', value: 'DAY', describes: 'The first day: 2026-11-01; otherwise 29 days before the last.' },
    to: { type: 'string', value: 'DAY', describes: 'The last day; otherwise today.' },
  },
  async run({ args: [id], options: { from, to }, terminal, server }) {
    const query = { from, to }
    const found =
      id === 'self'
        ? await server.get('/keys/self/usage', { query })
        : await server.get('/keys/{id}/usage', { params: { id }, query })
    terminal.answer(found, () => {
      const rows = found.days.map(({ day, calls, refused }) => [day, calls, refused])
      const none = `It was not used from ${found.from} to ${found.to}.`
      const sum = ['all', found.calls, found.refused]
      return table(['DAY', 'CALLS', 'REFUSED'], rows.length === 0 ? [] : [...rows, sum], none)
    })
  },
})
