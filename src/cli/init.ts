import { bootOptions } from './boot.ts'
import { command } from './command.ts'

const init = command({
  name: 'init',
  args: [],
  summary: 'Make the data folder, the master key and the first administrator key',
  description:
    'The key is shown this once, alone on stdout. An installation that is there already is left as it is (exit 1).',
  examples: ['init', 'init --data-dir /var/lib/octroi --json'],
  on: 'data folder',
  options: bootOptions(['master_key_file', 'environment']),
  async run({ terminal, settings, data }) {
    const made = await data.init(await settings())
    terminal.say('The administrator key, shown this once; it may do everything:\n')
    terminal.answer(made, () => made.admin_key)
    terminal.say(`\nThe data folder is ${made.data_dir}.`)
    terminal.say(masterKeyWords(made.master_key_file))
    terminal.say(
      '\nNext, run the gate:\n\n  octroi serve\n\nand, in another terminal, connect the first service:\n\n' +
        '  export OCTROI_KEY=...   # the key above\n  octroi connection add paheko',
    )
  },
})

function masterKeyWords(file: string | null): string {
  if (file === null)
    return 'The master key is the one that you gave. Without it nothing here can be read: keep a copy apart.'
  return `The master key is ${file}.\nWithout it nothing here can be read, and no backup holds it: copy it now to where the backups are not.`
}

export const commands = [init]
