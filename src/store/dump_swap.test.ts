import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const { budget } = vi.hoisted(() => ({ budget: { left: Number.POSITIVE_INFINITY } }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const killable = <A extends unknown[], R>(work: (...args: A) => R) => {
    return (...args: A): R => {
      if (budget.left-- <= 0) throw new Error('killed here')
      return work(...args)
    }
  }
  return {
    ...fs,
    renameSync: killable(fs.renameSync),
    rmSync: killable(fs.rmSync as (...args: unknown[]) => void),
    mkdirSync: killable(fs.mkdirSync as (...args: unknown[]) => void),
    fsyncSync: killable(fs.fsyncSync),
    writeSync: killable(fs.writeSync as (...args: unknown[]) => number),
  }
})
const { finishSwap, swapFiles, swapIsPending } = await import('./dump_swap.ts')

const NAMES = ['octroi.db', 'activity.db']
let folder: string
beforeEach(() => {
  budget.left = Number.POSITIVE_INFINITY
  folder = mkdtempSync(join(tmpdir(), 'octroi-swap-'))
  for (const name of [...NAMES, 'octroi.db-wal', 'octroi.db-shm']) writeFileSync(join(folder, name), `old ${name}`)
  mkdirSync(join(folder, 'restore-new'))
  for (const name of NAMES) writeFileSync(join(folder, 'restore-new', name), `new ${name}`)
})
afterEach(() => {
  budget.left = Number.POSITIVE_INFINITY
  rmSync(folder, { recursive: true, force: true })
})

const read = (name: string) => readFileSync(join(folder, name), 'utf8')

it.each(Array.from({ length: 24 }, (_, i) => i))(
  'killed at step %i: all of the old, or (at the next opening) all of the new',
  (step) => {
    budget.left = step
    try {
      swapFiles(folder, { from: 'restore-new', aside: 'replaced-1' }, NAMES)
    } catch (error) {
      expect((error as Error).message).toBe('killed here')
    }
    budget.left = Number.POSITIVE_INFINITY
    const changed = swapIsPending(folder) || read('octroi.db').startsWith('new')
    finishSwap(folder)
    if (!changed) {
      expect(NAMES.map(read)).toEqual(['old octroi.db', 'old activity.db'])
      expect(read('octroi.db-wal')).toBe('old octroi.db-wal')
      return
    }
    expect(NAMES.map(read)).toEqual(['new octroi.db', 'new activity.db'])
    expect(readdirSync(join(folder, 'replaced-1')).sort()).toEqual([
      'activity.db',
      'octroi.db',
      'octroi.db-shm',
      'octroi.db-wal',
    ])
    // An old journal must not meet the new database.
    expect(existsSync(join(folder, 'octroi.db-wal'))).toBe(false)
  },
)

it('has been through every step by then', () => {
  budget.left = 24
  swapFiles(folder, { from: 'restore-new', aside: 'replaced-1' }, NAMES)
  expect(readdirSync(folder).sort()).toEqual(['activity.db', 'octroi.db', 'replaced-1'])
})
