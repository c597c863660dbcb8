import { resolve } from 'node:path'
import { command } from './command.ts'

const rotate = command({
  name: 'vault rotate',
  args: [],
  summary: 'Seal everything under new keys',
  description:
    'A new key-encryption key wraps every data key; the gate may go on serving. With --master-key-file a new master key is made in that file and takes over; the old one is of no use afterwards, but for backups made before.',
  examples: ['vault rotate', 'vault rotate --master-key-file /etc/octroi/master-2.key'],
  on: 'data folder',
  options: {
    'master-key-file': {
      type: 'string',
      value: 'PATH',
      describes: 'Where the new master key goes; the file must not exist.',
    },
  },
  async run({ options, terminal, settings, data }) {
    const file = options['master-key-file']
    const report = await data.rotateVault(
      await settings(),
      file === undefined ? {} : { masterKeyFile: resolve(file) },
      (done) => terminal.progress(`${done} data keys`),
    )
    terminal.progress('')
    terminal.answer(report, () => {
      const how = report.resumed ? 'An interrupted rotation was finished' : 'The vault was rotated'
      return `${how}: ${report.rewrapped} data keys are under the new key ${report.key_id}.`
    })
    if (report.master_key_file !== undefined) {
      terminal.say(
        `The master key is now ${report.master_key_file}: set OCTROI_MASTER_KEY_FILE to it before the next start, and copy it to where the backups are not.`,
      )
    }
  },
})

export const commands = [rotate]
