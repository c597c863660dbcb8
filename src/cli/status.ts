import { command, EXIT } from './command.ts'
import { fields } from './table.ts'

const status = command({
  name: 'status',
  args: [],
  summary: 'What runs there and how it is',
  description: 'Exit 1 when the audit trail cannot be written.',
  examples: ['status', 'status --url https://octroi.example.org --json'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const found = await server.get('/status')
    const { audit, connector_problems, ...rest } = found
    const problems = connector_problems.map(({ file, message }) => `${file}: ${message}`)
    terminal.answer(found, () =>
      fields({
        ...rest,
        audit: audit.failing ? `${audit.mode}, CANNOT BE WRITTEN` : audit.mode,
        ...(problems.length === 0 ? {} : { connector_problems: problems }),
      }),
    )
    return audit.failing ? EXIT.failed : EXIT.done
  },
})

export const commands = [status]
