import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type PasswordFault, passwordFault } from '../../src/sign_in/password_rules.ts'

const LIST = join(import.meta.dirname, '../../src/sign_in/common_passwords.txt')
const owner = { id: 'ada-lovelace', name: 'Ada Lovelace', email: 'countess@example.org' }

describe('which passwords may be chosen', () => {
  it.each<[string, PasswordFault | undefined]>([
    ['', 'too_short'],
    ['7 chars', 'too_short'],
    ['seven 7', 'too_short'],
    ['eight 88', undefined],
    // Eight code points, of two units each.
    ['🐎🔋📎🐴🚲🎻🥖🧦', undefined],
    ['🐎🔋📎🐴🚲🎻🥖', 'too_short'],
    // Nine code points as they were typed, and seven once they are composed.
    ['e\u0301e\u0301abcde', 'too_short'],
    [`${'long '.repeat(102)}12`, undefined],
    [`${'long '.repeat(102)}123`, 'too_long'],
    ['correct\nhorse', 'not_text'],
    ['correct\u0000horse', 'not_text'],
    ['correct\ud800horse', 'not_text'],
    ['correct horse battery', undefined],
    ['passwords need no capitals', undefined],
    ['password1', 'common'],
    ['PassWord1', 'common'],
    ['iloveyou', 'common'],
    ['aaaaaaaaaaaa', 'common'],
    ['456789:;<=', 'common'],
    ['ada-lovelace', 'own_name'],
    ['AdaLovelace', 'own_name'],
    ['Ada Lovelace!', 'own_name'],
    ['countess@example.org', 'own_name'],
    ['Countess', 'own_name'],
    ['second.address', 'own_name'],
    ['--------!', undefined],
    ['Ada Lovelace writes', undefined],
  ])('%j: %s', (password, fault) => {
    expect(passwordFault(password, owner, ['Second.Address@example.net'])).toBe(fault)
  })
  it('an owner without a name or an address forbids nothing by it', () => {
    expect(passwordFault('!!!!!!!! !', { id: 'a', name: '會計', email: null })).toBeUndefined()
  })
  it('the list is small, says where it is from, and holds nothing that the rules would not let through', () => {
    const lines = readFileSync(LIST, 'utf8').trimEnd().split('\n')
    const words = lines.filter((line) => !line.startsWith('#'))
    expect(statSync(LIST).size).toBeLessThanOrEqual(100_000)
    expect(words.length).toBeGreaterThan(9_000)
    expect(new Set(words).size).toBe(words.length)
    expect(words.filter((word) => word.length < 8 || word !== word.toLowerCase())).toEqual([])
    expect(lines.slice(0, 4).join(' ')).toMatch(/@zxcvbn-ts\/language-common/)
    expect(lines.join('\n')).toContain('# Permission is hereby granted')
  })
})
