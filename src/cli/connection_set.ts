import { command, UsageError } from './command.ts'
import { given, numberPairs, pairs, seconds } from './input.ts'
import { fields } from './table.ts'

export const set = command({
  name: 'connection set',
  args: ['ID'],
  summary: 'Change a connection',
  description:
    'Only what is given changes. Its address and network change with the secrets: octroi connection reconnect.',
  examples: [
    'connection set paheko --name "Paheko of the club" --tag customer=42 --limit concurrent_writes=2',
    "connection set paheko --allow-never '* /api/download*'",
  ],
  on: 'server',
  options: {
    name: { type: 'string', value: 'NAME', describes: 'What people call it.' },
    set: { type: 'string', multiple: true, value: 'NAME=VALUE', describes: 'A setting; empty takes it away.' },
    tag: { type: 'string', multiple: true, value: 'NAME=VALUE', describes: 'Add or change a tag; the others stay.' },
    untag: { type: 'string', multiple: true, value: 'NAME', describes: 'Take a tag away.' },
    limit: {
      type: 'string',
      multiple: true,
      value: 'NAME=N',
      describes: 'concurrent, concurrent_writes, queue or request_bytes; the others stay.',
    },
    timeout: {
      type: 'string',
      multiple: true,
      value: 'NAME=MS',
      describes: 'connect_ms, first_byte_ms or idle_ms; the others stay.',
    },
    replay: { type: 'string', value: 'SECONDS', describes: 'Keep answers per Idempotency-Key so long; 0 keeps none.' },
    'allow-never': {
      type: 'string',
      multiple: true,
      value: 'RULE',
      describes: 'Open a rule of the connector’s never list (administrators only); the opened ones stay.',
    },
    'close-never': { type: 'string', multiple: true, value: 'RULE', describes: 'Close such a rule again.' },
  },
  async run({ args: [id], options, terminal, server }) {
    if (Object.values(options).every((value) => value === undefined)) {
      throw new UsageError('There is nothing to change.', ['See: octroi connection set --help'])
    }
    const before = await server.get('/connections/{id}', { params: { id } })
    const body = given({
      name: options.name,
      settings: options.set && pairs('set', options.set),
      tags: (options.tag ?? options.untag) && without({ ...before.tags, ...pairs('tag', options.tag) }, options.untag),
      limits: options.limit && { ...before.limits, ...numberPairs('limit', options.limit) },
      timeouts: options.timeout && { ...before.timeouts, ...numberPairs('timeout', options.timeout) },
      replay_s: options.replay === undefined ? undefined : seconds('replay', options.replay),
      allow_never: (options['allow-never'] ?? options['close-never']) && [
        ...new Set([...before.allow_never, ...(options['allow-never'] ?? [])]).difference(
          new Set(options['close-never']),
        ),
      ],
    })
    if (Object.keys(body).length === 0) throw new UsageError('There is nothing to change.')
    const changed = await server.patch('/connections/{id}', { params: { id }, body })
    terminal.answer(changed, () => fields({ ...changed, network: '(see: octroi connection show)' }))
  },
})

function without(tags: Readonly<Record<string, string>>, names: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([name]) => !names.includes(name)))
}
