import { afterEach, expect, it } from 'vitest'
import { endProcesses, request, serve } from './gate_process.ts'
import { killRounds } from './kill_rounds.ts'
import { filledInstallation, freshSettings, removeFolders } from './places.ts'

afterEach(async () => {
  await endProcesses()
  removeFolders()
})

it('keeps every acknowledged key, revocation, connection and (strict) audit line over kill -9, 3 rounds', async () => {
  await killRounds(3)
}, 120_000)

it('starts again after kill -9 during its very first seconds', async () => {
  const settings = await freshSettings('sqlite')
  const admin = await filledInstallation(settings, 1)
  for (let round = 0; round < 3; round++) {
    const gate = await serve(settings)
    await gate.kill()
  }
  const gate = await serve(settings)
  expect((await request(gate.url, 'GET', '/api/v1/connections', admin))?.body.items).toHaveLength(1)
})
