import { resolve } from 'node:path'
import { command } from './command.ts'

const backup = command({
  name: 'backup',
  args: ['FILE'],
  summary: 'Write everything but the master key into one file',
  description:
    'The gate may go on serving. The secrets in the file stay sealed: it is of no use without the master key, which is not in it. Keep the two apart.',
  examples: ['backup /var/backups/octroi-monday.backup'],
  on: 'data folder',
  options: {},
  async run({ args: [file], terminal, settings, data }) {
    const report = await data.backup(await settings(), resolve(file), (done) => terminal.progress(`${done} rows`))
    terminal.progress('')
    terminal.answer({ file: resolve(file), ...report }, () => `${file}: ${report.rows} rows, ${report.bytes} bytes.`)
    terminal.say('The master key is not in it. Without a copy of that, the backup cannot be read.')
  },
})

export const commands = [backup]
