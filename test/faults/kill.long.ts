import { afterEach, it } from 'vitest'
import { endProcesses } from './gate_process.ts'
import { killRounds } from './kill_rounds.ts'
import { removeFolders } from './places.ts'

/** In the long run only (`npm run test:long`). */
afterEach(async () => {
  await endProcesses()
  removeFolders()
})

it('keeps everything acknowledged over kill -9, 30 rounds', async () => {
  await killRounds(30)
}, 900_000)
