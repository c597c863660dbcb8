import { bootOptions } from './boot.ts'
import { command, EXIT, type ExitCode } from './command.ts'
import type { Serving } from './data_folder.ts'

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
    return stop(running)
  },
})

/** Heard from before the start on: a stop that comes while it starts is not lost, and not the death of half a start. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
}

async function stop(running: Serving): Promise<ExitCode> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.removeAllListeners(signal)
    process.once(signal, () => process.exit(EXIT.failed))
  }
  await running.stop()
  return EXIT.done
}

export const commands = [serve]
