import { bootOptions } from './boot.ts'
import { command, EXIT } from './command.ts'

const serve = command({
  name: 'serve',
  args: [],
  summary: 'Run the gate',
  description:
    'Logs are JSON lines on stdout. SIGTERM or SIGINT lets what is under way finish, then ends with 0; a second one ends at once with 1. A wrong configuration is refused with every fault (exit 78).',
  examples: ['serve', 'serve --listen 127.0.0.1:9000 --connectors ./connectors'],
  on: 'data folder',
  options: bootOptions([
    'listen',
    'public_url',
    'master_key_file',
    'trusted_proxies',
    'environment',
    'log_level',
    'connectors',
    'audit',
    'audit_retention_days',
    'metrics_listen',
  ]),
  async run({ settings, data }) {
    const stopping = stopSignal()
    const running = await data.serve(await settings())
    await stopping
    await running.stop()
    return EXIT.done
  },
})

/**
 * The first asks to stop, the second ends at once. Heard from before the start on: a stop that comes while it starts is not lost, and not the
 * death of half a start. By the same listener from the first to the last: of two that come while the process is busy, one that is put in the
 * place of another would hear neither.
 */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isStopping = false
    const heard = () => {
      if (isStopping) process.exit(EXIT.failed)
      isStopping = true
      resolve()
    }
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, heard)
  })
}

export const commands = [serve]
