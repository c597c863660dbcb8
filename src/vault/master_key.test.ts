import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigurationError } from '../core/errors.ts'
import { createMasterKeyFile, readMasterKey } from './master_key.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octroi-key-'))
  file = join(folder, 'master.key')
})
afterEach(() => rmSync(folder, { recursive: true }))

const BYTES = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i * 3))
const TEXT = BYTES.toString('base64')

describe('the form of the master key', () => {
  it.each([
    ['base64', TEXT],
    ['base64 without padding', TEXT.replace('=', '')],
    ['base64url', BYTES.toString('base64url')],
    ['with a line end', `${TEXT}\n`],
    ['with spaces around', `  ${TEXT}\r\n`],
  ])('%s is read', (_form, value) => expect(readMasterKey({ value }).export()).toEqual(BYTES))

  it.each([
    ['nothing', ''],
    ['31 bytes', BYTES.subarray(1).toString('base64')],
    ['33 bytes', Buffer.concat([BYTES, Buffer.of(1)]).toString('base64')],
    ['hexadecimal', BYTES.toString('hex')],
    ['a pass phrase', 'correct horse battery staple, as they say'],
    ['a character that is no base64', `${TEXT.slice(0, 20)}!${TEXT.slice(20)}`],
    ['a line end inside', `${TEXT.slice(0, 20)}\n${TEXT.slice(20)}`],
    ['spare bits', `${TEXT.slice(0, 42)}${TEXT[42] === 'B' ? 'C' : 'B'}=`],
  ])('refuses %s without repeating it', (_form, value) => {
    const read = () => readMasterKey({ value })
    expect(read).toThrow(ConfigurationError)
    expect(read).toThrow(/OCTROI_MASTER_KEY/)
    if (value !== '') expect(read).not.toThrow(value)
  })
})

describe('the file of the master key', () => {
  it('is made with mode 0600, holds 32 bytes, and is read back as the key that was returned', () => {
    const made = createMasterKeyFile(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readMasterKey({ file }).export()).toEqual(made.export())
    expect(Buffer.from(readFileSync(file, 'utf8'), 'base64')).toHaveLength(32)
  })

  it('is never made over one that exists', () => {
    writeFileSync(file, TEXT)
    expect(() => createMasterKeyFile(file)).toThrow(/EEXIST/)
    expect(readFileSync(file, 'utf8')).toBe(TEXT)
  })

  it.each([0o600, 0o400, 0o640, 0o440])('is read with mode %o', (mode) => {
    writeFileSync(file, TEXT)
    chmodSync(file, mode)
    expect(readMasterKey({ file }).export()).toEqual(BYTES)
  })

  it.each([0o644, 0o604, 0o602, 0o666, 0o601])('refuses mode %o: others have it too', (mode) => {
    writeFileSync(file, TEXT)
    chmodSync(file, mode)
    expect(() => readMasterKey({ file })).toThrow(ConfigurationError)
  })

  it('refuses a missing file by its name, and makes none', () => {
    expect(() => readMasterKey({ file })).toThrow(file)
    expect(existsSync(file)).toBe(false)
  })
})
