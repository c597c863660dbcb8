import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Catalogue } from '../../src/outbound/connectors/catalogue.ts'
import { replayRecording } from '../../src/outbound/recordings/recording.ts'

/** `UPDATE_GOLDEN=1` writes what goes out into the files; read the difference before you keep it. */
const UPDATE = process.env.UPDATE_GOLDEN === '1'
const here = import.meta.dirname
const catalogue = new Catalogue({ shipped: join(here, '../../connectors'), folders: [] })

describe('golden exchanges', () => {
  const files = readdirSync(here).filter((name) => name.endsWith('.txt'))

  it('every shipped connector has one', () => {
    expect(files.map((name) => name.replace(/\.txt$/, '')).sort()).toEqual(
      catalogue.list().map(({ connector }) => connector.id),
    )
  })

  it.each(files)('%s', async (name) => {
    const file = join(here, name)
    const text = readFileSync(file, 'utf8')
    const now = await replayRecording(text, catalogue)
    if (UPDATE) writeFileSync(file, now)
    else expect(text).toBe(now)
  })
})
