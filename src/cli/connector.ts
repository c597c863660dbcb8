import { command } from './command.ts'
import { appCommands } from './connector_app.ts'
import { importNango } from './connector_import.ts'
import { testConnector } from './connector_recording.ts'
import { collect } from './input.ts'
import { fields, table } from './table.ts'

const ls = command({
  name: 'connector ls',
  args: [],
  summary: 'List the catalogue',
  examples: ['connector ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const items = await collect(server.pages('/connectors'))
    terminal.answer(items, () =>
      table(
        ['ID', 'NAME', 'SCHEME', 'FROM'],
        items.map(({ id, name, schemes, source }) => [id, name, schemes.join(', '), source]),
        'The catalogue is empty.',
      ),
    )
  },
})

interface Field {
  readonly title?: string
  readonly optional?: boolean
  readonly default?: string
  readonly example?: string
}

const show = command({
  name: 'connector show',
  args: ['ID'],
  summary: 'What a service asks for, and the rights that can be granted at it',
  examples: ['connector show paheko'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const connector = await server.get('/connectors/{id}', { params: { id } })
    terminal.answer(connector, () => {
      const { settings, secrets, limits, grants, ...rest } = connector
      return fields({
        ...rest,
        limits,
        settings: asked(settings),
        ...Object.fromEntries(Object.entries(secrets).map(([scheme, list]) => [`secrets (${scheme})`, asked(list)])),
        grants: Object.entries(grants).map(([name, rules]) => `${name}: ${rules.join(', ')}`),
      })
    })
    terminal.say(`\nConnect it with: octroi connection add ${connector.id}`)
  },
})

function asked(given: Readonly<Record<string, Field>>): string[] {
  return Object.entries(given).map(([name, { title, optional, default: preset, example }]) => {
    const more = [
      optional ? 'optional' : undefined,
      preset === undefined ? undefined : `default ${preset}`,
      example === undefined ? undefined : `like ${example}`,
    ].filter((word) => word !== undefined)
    return `${name}: ${title ?? name}${more.length === 0 ? '' : ` (${more.join(', ')})`}`
  })
}

export const commands = [ls, show, ...appCommands, testConnector, importNango]
