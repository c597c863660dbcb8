import { writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Catalogue } from '../outbound/connectors/catalogue.ts'
import { replayRecording } from '../outbound/recordings/recording.ts'
import { shippedConnectors } from '../version.ts'
import { command, EXIT, FailedError } from './command.ts'
import { textOf } from './input.ts'
import { lineDifference, withContext } from './line_difference.ts'
import { plain } from './table.ts'

export const testConnector = command({
  name: 'connector test',
  args: ['FILE'],
  summary: 'Play a recording against a connector: what goes out must be what the file says',
  description:
    'Nothing is called: the answers of the service are those of the file. The connector is looked for beside the file, then in --connectors, then among those that come with Octroi. Exit 1 when something else goes out; the difference is printed, - for what the file says, + for what goes out.',
  examples: ['connector test acme.txt', 'connector test recordings/acme.txt --connectors ./connectors --update'],
  on: 'files',
  options: {
    connectors: { type: 'string', value: 'DIR', describes: 'A folder of connector files.' },
    update: {
      type: 'boolean',
      describes: 'Write what goes out into the file; read the difference before you keep it.',
    },
  },
  async run({ args: [file], options, terminal }) {
    const folders = [dirname(file), ...(options.connectors === undefined ? [] : [options.connectors])]
    const catalogue = new Catalogue({ shipped: shippedConnectors(), folders })
    const before = textOf('FILE', file)
    const after = await replayRecording(before, catalogue)
    if (before === after) {
      terminal.answer({ ok: true, updated: false, difference: [] }, () => `${file}: goes out as recorded.`)
      return EXIT.done
    }
    const updated = options.update === true
    if (updated) write(file, after)
    const difference = withContext(lineDifference(before, after))
    const said = `${file}: ${updated ? 'written anew; read what changed' : 'something else goes out'}.`
    terminal.answer({ ok: updated, updated, difference }, () => [said, '', ...difference.map(plain)].join('\n'))
    return updated ? EXIT.done : EXIT.failed
  },
})

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new FailedError(`${file}: cannot be written (${(error as NodeJS.ErrnoException).code}).`)
  }
}
