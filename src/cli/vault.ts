import { resolve } from 'node:path'
import { command } from './command.ts'

const rotate = command({
  name: 'vault rotate',
  args: [],
  summary: 'Seal everything under new keys',
  description:
    'A new key-encryption key wraps every data key; the gate may go on serving. With --master-key-file a new master key takes over, too: for that the gate must be stopped, and backups made before still need the old one.',
  examples: ['vault rotate', 'vault rotate --master-key-file /etc/octroi/master-2.key'],
  on: 'data folder',
  options: {
    'master-key-file': {
      type: 'string',
      value: 'PATH',
      describes: 'The file of the new master key; it is made when there is none.',
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
    if (report.next !== undefined) terminal.say(report.next)
  },
})

export const commands = [rotate]
