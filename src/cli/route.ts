import { type Call, command, UsageError } from './command.ts'
import { confirmed, YES } from './confirm.ts'
import { collect, given } from './input.ts'
import {
  acceptText,
  allowTexts,
  BRIEF,
  ROUTE_FIELDS,
  type RouteCreating,
  routeFields,
  routeText,
} from './route_input.ts'
import { table } from './table.ts'

const add = command({
  name: 'route add',
  args: ['HOST', 'PATH'],
  summary: 'Say who may call an application behind your proxy, and how he proves who he is',
  description:
    'HOST is as callers write it, without a port: shop.example.org, *.example.org, or * for every host. PATH is a path pattern as in grants: * is one segment, {n} digits, ** the rest. Quote what has a *, so that the shell leaves it alone. The most specific route decides. Whoever is not allowed gets 403; a request that no route fits, too.',
  examples: [
    "route add shop.example.org '/api/**' --any api_key --allow-group partners --cors https://app.example.org",
    "route add shop.example.org '/api/**' --method GET --any api_key --any basic --allow-key 1a2b3c4d --allow-account till",
    "route add pay.example.org '/**' --all api_key --all mtls --allow-authenticated --id pay",
    "route add books.example.org '/**' --any session --allow-group staff --mfa --max-age 8h",
  ],
  on: 'server',
  options: { id: { type: 'string', value: 'ID', describes: 'Its id; otherwise made of the name.' }, ...ROUTE_FIELDS },
  async run({ args: [host, path], options, terminal, server }) {
    const { accept, ...more } = routeFields(options)
    if (accept === undefined)
      throw new UsageError('octroi route add needs --any KIND or --all KIND.', [
        'Such as: --any api_key, or --all api_key --all mtls',
      ])
    const body: RouteCreating = { host, path, accept, ...more, ...given({ id: options.id }) }
    const made = await server.post('/routes', { body })
    const { warnings, ...route } = made
    terminal.answer(made, () => routeText(route))
    warn(terminal, warnings)
  },
})

const ls = command({
  name: 'route ls',
  args: [],
  summary: 'List the routes',
  examples: ['route ls'],
  on: 'server',
  options: {},
  async run({ terminal, server }) {
    const routes = await collect(server.pages('/routes', { query: { limit: 200 } }))
    terminal.answer(routes, () =>
      table(
        ['ID', 'HOST', 'PATH', 'METHODS', 'ACCEPTS', 'ALLOWS'],
        routes.map((route) => [
          route.id,
          route.host,
          route.path,
          route.methods.join(', '),
          acceptText(route.accept),
          allowTexts(route, BRIEF).join(', ') || 'nobody',
        ]),
        'There is no route.',
      ),
    )
  },
})

const show = command({
  name: 'route show',
  args: ['ID'],
  summary: 'Read one route',
  examples: ['route show shop'],
  on: 'server',
  options: {},
  async run({ args: [id], terminal, server }) {
    const route = await server.get('/routes/{id}', { params: { id } })
    terminal.answer(route, () => routeText(route))
  },
})

const set = command({
  name: 'route set',
  args: ['ID'],
  summary: 'Change a route',
  description:
    'Only what is given changes; a list that is given (--method, --any, --all, --allow-group, --allow-key, --allow-account, --cors) replaces the whole list, and none empties those of --allow and --cors.',
  examples: [
    'route set shop --allow-group partners --allow-group staff',
    'route set shop --any api_key --any jwt --allow-key none --cors none',
    'route set books --mfa=no --max-age none',
  ],
  on: 'server',
  options: {
    host: { type: 'string', value: 'HOST', describes: 'Another host.' },
    path: { type: 'string', value: 'PATH', describes: 'Another path pattern.' },
    ...ROUTE_FIELDS,
  },
  async run({ args: [id], options, terminal, server }) {
    const { host, path } = options
    const asked = { ...given({ host, path }), ...routeFields(options) }
    if (Object.keys(asked).length === 0)
      throw new UsageError('There is nothing to change.', ['See: octroi route set --help'])
    const isPart = asked.allow !== undefined || asked.session !== undefined
    const before = !isPart ? undefined : await server.get('/routes/{id}', { params: { id } })
    const body = { ...asked, ...(before === undefined ? {} : routeFields(options, before)) }
    const changed = await server.patch('/routes/{id}', { params: { id }, body })
    const { warnings, ...route } = changed
    terminal.answer(changed, () => routeText(route))
    warn(terminal, warnings)
  },
})

const rm = command({
  name: 'route rm',
  args: ['ID'],
  summary: 'Delete a route: what it let through is refused from the next request, unless another route fits',
  examples: ['route rm shop --yes'],
  on: 'server',
  options: YES,
  async run({ args: [id], options, terminal, server }) {
    const { host, path } = await server.get('/routes/{id}', { params: { id } })
    await confirmed(terminal, options, `Delete the route ${id} (${host}${path})?`)
    await server.delete('/routes/{id}', { params: { id } })
    terminal.answer({ deleted: id }, () => `${id} is deleted.`)
  },
})

function warn(terminal: Call['terminal'], warnings: readonly string[]): void {
  if (warnings.length > 0) terminal.say(warnings.map((warning) => `Note: ${warning}.`).join('\n'))
}

export const commands = [add, ls, show, set, rm]
