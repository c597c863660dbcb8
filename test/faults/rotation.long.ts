import { afterAll, afterEach, it } from 'vitest'
import { stopSharedPostgres } from '../support/postgres.ts'
import { removeFolders } from './places.ts'
import { rotationRounds } from './rotation_rounds.ts'

/** In the long run only (`npm run test:long`). */
afterEach(() => removeFolders())
afterAll(() => stopSharedPostgres())

it.each([
  ['sqlite', 150],
  ['postgres', 75],
] as const)(
  'kill -9 at every step of a rotation on %s, %i runs',
  async (engine, runs) => {
    await rotationRounds(runs, engine)
  },
  900_000,
)
