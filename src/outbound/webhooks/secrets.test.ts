import { describe, expect, it } from 'vitest'
import { firstSecret, liveSecrets, rotateSecrets } from './secrets.ts'

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1_000)
const names = (secrets: readonly { key: string }[]) => secrets.map(({ key }) => key)

describe('rotateSecrets', () => {
  it('keeps the old secret for the overlap, and no longer', () => {
    const secrets = rotateSecrets(firstSecret('old'), 60, at(0), 'new')
    expect(names(liveSecrets(secrets, at(59)))).toEqual(['new', 'old'])
    expect(names(liveSecrets(secrets, at(60)))).toEqual(['new'])
  })
  it('ends the old one at once without an overlap', () => {
    expect(rotateSecrets(firstSecret('old'), 0, at(0), 'new')).toEqual([{ key: 'new', ends_at: null }])
  })
  it('lets an earlier end stand, and shortens a later one', () => {
    const once = rotateSecrets(firstSecret('a'), 100, at(0), 'b')
    expect(names(liveSecrets(rotateSecrets(once, 1_000, at(0), 'c'), at(100)))).toEqual(['c', 'b'])
    expect(names(liveSecrets(rotateSecrets(once, 10, at(0), 'c'), at(10)))).toEqual(['c'])
  })
  it('keeps four at most, the newest', () => {
    let secrets = firstSecret('0')
    for (let i = 1; i <= 9; i++) secrets = rotateSecrets(secrets, 1_000, at(i), String(i))
    expect(names(secrets)).toEqual(['9', '8', '7', '6'])
  })
})
