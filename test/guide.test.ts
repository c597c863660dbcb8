import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Catalogue } from '../src/outbound/connectors/catalogue.ts'
import { replayRecording } from '../src/outbound/recordings/recording.ts'

/** The examples of the guide are real: its connectors are connectors, and its recordings are what goes out. */
describe.each(['guides/write-a-connector.md', 'fr/ecrire-un-connecteur.md'])('docs/%s', (page) => {
  const text = readFileSync(join(import.meta.dirname, '../docs', page), 'utf8')
  const blocks = (kind: string) =>
    [...text.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block as string)

  it('its connectors and recordings fit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'octroi-guide-'))
    const connectors = blocks('yaml').flatMap((block) => /^id: (\w+)$/m.exec(block)?.[1] ?? [])
    for (const block of blocks('yaml')) {
      const id = /^id: (\w+)$/m.exec(block)?.[1]
      if (id !== undefined) writeFileSync(join(folder, `${id}.yaml`), block)
    }
    const catalogue = new Catalogue({ shipped: join(folder, 'none'), folders: [folder] })
    expect(catalogue.list().map(({ connector }) => connector.id)).toEqual(connectors.sort())
    const [empty = '', ...recordings] = blocks('text')
    expect(recordings).toHaveLength(2)
    // What is filled in is the second block, to the letter.
    expect(await replayRecording(empty, catalogue)).toBe(recordings[0])
    for (const recording of recordings) expect(await replayRecording(recording, catalogue)).toBe(recording)
    rmSync(folder, { recursive: true })
  })
})
