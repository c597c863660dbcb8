import { command } from './command.ts'
import { collect, wholeNumber } from './input.ts'
import { table } from './table.ts'

const ls = command({
  name: 'event ls',
  args: [],
  summary: 'What happened, newest first',
  examples: ['event ls --subject connection:paheko', 'event ls --type key.expiring --limit 200'],
  on: 'server',
  options: {
    type: { type: 'string', value: 'TYPE', describes: 'Only these, such as connection.degraded.' },
    subject: {
      type: 'string',
      value: 'NOUN:ID',
      describes: 'Only about this, such as connection:paheko or key:1a2b3c4d.',
    },
    limit: { type: 'string', value: 'N', describes: 'At most so many; 50 unless given.' },
  },
  async run({ options: { type, subject, limit }, terminal, server }) {
    const most = wholeNumber('limit', limit, 1) ?? 50
    const query = { type, subject, limit: Math.min(most, 200) }
    const events = await collect(server.pages('/events', { query }), most)
    terminal.answer(events, () =>
      table(
        ['AT', 'TYPE', 'SUBJECT', 'MORE'],
        events.map(({ at, type, subject, data }) => [at, type, subject, more(data)]),
        'Nothing happened.',
      ),
    )
  },
})

function more(data: Readonly<Record<string, unknown>>): string {
  return Object.entries(data)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}

export const commands = [ls]
