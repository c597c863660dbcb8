import { afterEach, it } from 'vitest'
import { removeFolders } from './places.ts'
import { POINTS, rotationRounds } from './rotation_rounds.ts'

afterEach(() => removeFolders())

it('kill -9 at every step of a rotation: usable or reconnect_required, never a loop, never a second family', async () => {
  await rotationRounds(2 * POINTS.length, 'sqlite')
}, 180_000)
