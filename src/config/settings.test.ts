import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../core/errors.ts'
import { keysSources, masterKeySource, readSettings, SETTINGS, type SettingsSource } from './settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'octroi-settings-'))
let written = 0

function fileWith(text: string): string {
  const name = join(folder, `settings-${++written}.yaml`)
  writeFileSync(name, text)
  return name
}

function read(text: string, more: Partial<SettingsSource> = {}) {
  return readSettings({ configFile: fileWith(text), env: {}, ...more })
}

function faultsOf(text: string, more: Partial<SettingsSource> = {}): readonly string[] {
  try {
    read(text, more)
  } catch (error) {
    // The type that `main` ends with exit code 78 for.
    expect(error).toBeInstanceOf(ConfigurationError)
    return (error as ConfigurationError).faults
  }
  throw new Error('no fault was found')
}

describe('what holds', () => {
  it('the defaults, where nothing is said', () => {
    expect(read('')).toEqual({
      listen: { address: '127.0.0.1', port: 8700 },
      public_url: undefined,
      data_dir: join(folder, 'octroi-data'),
      database_url: undefined,
      master_key: undefined,
      master_key_file: undefined,
      trusted_proxies: [],
      environment: 'default',
      keys_files: [],
      keys: undefined,
      server_env_config: undefined,
      server_env_config_secret: undefined,
      keys_outlive_owner: false,
      name: undefined,
      session_idle_s: 7_200,
      session_max_s: 43_200,
      smtp_url: undefined,
      mail_from: undefined,
      log_level: 'info',
      connectors: [],
      audit: 'batched',
      audit_retention_days: 365,
      metrics_listen: undefined,
    })
  })
  it('the command line over the environment over the file over the default', () => {
    const text = 'log_level: error\nenvironment: of-the-file\naudit: strict\n'
    const env = { OCTROI_LOG_LEVEL: 'warn', OCTROI_ENVIRONMENT: 'of-the-env' }
    expect(read(text, { env, flags: { log_level: 'debug' } })).toMatchObject({
      log_level: 'debug',
      environment: 'of-the-env',
      audit: 'strict',
      audit_retention_days: 365,
    })
  })
  it.each([
    ['true', true],
    ['yes', true],
    ['1', true],
    ['false', false],
    ['no', false],
    ['0', false],
  ])('keys_outlive_owner as people write it: %s', (written, value) => {
    expect(read('', { env: { OCTROI_KEYS_OUTLIVE_OWNER: written } }).keys_outlive_owner).toBe(value)
    expect(read(`keys_outlive_owner: ${written}\n`, {}).keys_outlive_owner).toBe(value)
  })
  it('where keys are provided: files, then the texts of the environment in their order', () => {
    const env = { OCTROI_KEYS: 'a', SERVER_ENV_CONFIG: 'b', SERVER_ENV_CONFIG_SECRET: 'c' }
    const settings = read('keys_files: [keys.conf, /etc/server_env]\n', { env })
    expect(keysSources(settings)).toEqual({
      files: [join(folder, 'keys.conf'), '/etc/server_env'],
      environment: 'default',
      texts: Object.entries(env).map(([name, text]) => ({ name, text })),
    })
    expect(keysSources(read('')).texts).toEqual([])
  })
  it('the file, where a variable is empty', () => {
    expect(read('log_level: error', { env: { OCTROI_LOG_LEVEL: '' } }).log_level).toBe('error')
  })
  it('the default, where the file has a name and no value', () => {
    expect(read('log_level:\n').log_level).toBe('info')
  })
  it.each(Object.entries(SETTINGS))('%s has a variable named like it, and says what it is', (name, setting) => {
    // Odoo reads these two under the same names.
    expect(setting.env).toBe(`${name.startsWith('server_env_') ? '' : 'OCTROI_'}${name.toUpperCase()}`)
    expect(setting.description).toMatch(/\.$/)
  })
  it('OCTROI_CONFIG names the file; --config is stronger', () => {
    const env = { OCTROI_CONFIG: fileWith('environment: a') }
    expect(readSettings({ env }).environment).toBe('a')
    expect(readSettings({ env, configFile: fileWith('environment: b') }).environment).toBe('b')
  })
  it('paths of the file from its folder, paths of the environment and the command line from where one is', () => {
    const text = 'data_dir: data\nmaster_key_file: key\nconnectors: [own]\n'
    expect(read(text)).toMatchObject({
      data_dir: join(folder, 'data'),
      master_key_file: join(folder, 'key'),
      connectors: [join(folder, 'own')],
    })
    const env = { OCTROI_DATA_DIR: 'data', OCTROI_MASTER_KEY_FILE: '/run/key', OCTROI_CONNECTORS: 'a, /b' }
    expect(read(text, { env })).toMatchObject({
      data_dir: resolve('data'),
      master_key_file: '/run/key',
      connectors: [resolve('a'), '/b'],
    })
    expect(read(text, { flags: { data_dir: '.' } }).data_dir).toBe(resolve('.'))
  })
  it('the master key from the environment, from its file, or from the data folder', () => {
    expect(masterKeySource(read('', { env: { OCTROI_MASTER_KEY: 'a2V5' } }))).toEqual({ value: 'a2V5' })
    expect(masterKeySource(read('master_key_file: /run/key'))).toEqual({ file: '/run/key' })
    expect(masterKeySource(read('data_dir: /data'))).toEqual({ file: '/data/master.key' })
  })
})

describe('what each setting takes', () => {
  it.each([
    ['127.0.0.1:8700', '127.0.0.1', 8700],
    ['0.0.0.0:0', '0.0.0.0', 0],
    [':8700', '0.0.0.0', 8700],
    ['localhost:80', 'localhost', 80],
    ['[::1]:65535', '::1', 65_535],
    ['[::]:8700', '::', 8700],
  ])('listen: %s', (text, address, port) => {
    expect(read('', { env: { OCTROI_LISTEN: text } }).listen).toEqual({ address, port })
  })
  it.each([
    ['https://gate.example.org', 'https://gate.example.org'],
    ['https://gate.example.org/', 'https://gate.example.org'],
    ['https://example.org:8443/octroi/', 'https://example.org:8443/octroi'],
    ['https://EXAMPLE.org:443/a/b', 'https://example.org/a/b'],
    ['https://example.org/octroi?', 'https://example.org/octroi'],
    ['http://127.0.0.1:8700', 'http://127.0.0.1:8700'],
  ])('public_url: %s', (text, url) => {
    expect(read('', { env: { OCTROI_PUBLIC_URL: text } }).public_url).toBe(url)
  })
  it('client_certificate_header: in small letters', () => {
    expect(read('client_certificate_header: X-Client-Certificate').client_certificate_header).toBe(
      'x-client-certificate',
    )
  })
  it('trusted_proxies: a list in the file, commas in the environment', () => {
    expect(read('trusted_proxies: [10.0.0.1, "fd00::/8"]').trusted_proxies).toEqual(['10.0.0.1', 'fd00::/8'])
    const env = { OCTROI_TRUSTED_PROXIES: ' 10.0.0.1 , 192.168.0.0/16,' }
    expect(read('', { env }).trusted_proxies).toEqual(['10.0.0.1', '192.168.0.0/16'])
  })
  it.each([
    ['listen', '8700'],
    ['listen', '127.0.0.1'],
    ['listen', '127.0.0.1:65536'],
    ['listen', '::1:8700'],
    ['listen', 'a b:80'],
    ['public_url', 'gate.example.org'],
    ['public_url', 'ftp://example.org'],
    ['public_url', 'https://a:b@example.org'],
    ['public_url', 'https://:b@example.org'],
    ['public_url', 'https://example.org/?a=b'],
    ['public_url', 'https://example.org/#a'],
    ['database_url', 'mysql://localhost'],
    ['trusted_proxies', '10.0.0.0/33'],
    ['trusted_proxies', 'proxy.example.org'],
    ['environment', 'Production'],
    ['log_level', 'loud'],
    ['audit', 'none'],
    ['audit_retention_days', '-1'],
    ['audit_retention_days', 'ten'],
    ['audit_retention_days', '1.5'],
    ['metrics_listen', '0.0.0.0:9100'],
    ['metrics_listen', '10.0.0.1:9100'],
    ['client_certificate_header', 'X_Client_Certificate'],
    ['client_certificate_header', 'Authorization'],
    ['client_certificate_header', 'x-forwarded-for'],
    ['client_certificate_header', 'Octroi-Subject'],
    ['client_certificate_header', 'a b'],
  ] as const)('not %s: %s, wherever it is said', (name, value) => {
    const variable = SETTINGS[name].env
    expect(faultsOf('', { env: { [variable]: value } })).toEqual([expect.stringMatching(`^${variable}: `)])
    const flag = `--${name.replaceAll('_', '-')}`
    expect(faultsOf('', { flags: { [name]: value } })).toEqual([expect.stringMatching(`^${flag}: `)])
    expect(faultsOf(`${name}: ${JSON.stringify(value)}`)).toEqual([expect.stringContaining(`.yaml: ${name}: `)])
  })
  it('no value of another type in the file', () => {
    const text = 'listen: 8700\ndata_dir: [a]\ntrusted_proxies: 7\nlog_level: true\n'
    expect(faultsOf(text).map((fault) => fault.split(': ')[1])).toEqual([
      'listen',
      'data_dir',
      'trusted_proxies',
      'log_level',
    ])
  })
})

describe('every fault at once, each naming its key', () => {
  it('of the file, the environment and the command line', () => {
    const text = 'listen: nowhere\ntypo: 1\nlog_levle: info\ntrusted_proxies: [a, b]\n'
    const faults = faultsOf(text, { env: { OCTROI_PUBLIC_URL: 'x' }, flags: { audit: 'never' } })
    const starts = [': there is no setting typo', ': there is no setting log_levle', 'listen: ', 'OCTROI_PUBLIC_URL: ']
    for (const start of [...starts, '--audit: ', '"a" is not', '"b" is not']) {
      expect(
        faults.filter((fault) => fault.includes(start)),
        start,
      ).toHaveLength(1)
    }
    expect(faults).toHaveLength(7)
  })
  it('an unknown name says the file that it stands in', () => {
    const configFile = fileWith('constructor: 1')
    expect(faultsOf('', { configFile })).toEqual([`${configFile}: there is no setting constructor`])
  })
  it('both ways of giving the master key', () => {
    const env = { OCTROI_MASTER_KEY: 'canary-master', OCTROI_MASTER_KEY_FILE: '/run/key' }
    const faults = faultsOf('', { env })
    expect(faults).toEqual([expect.stringContaining('OCTROI_MASTER_KEY_FILE')])
    expect(faults.join()).not.toContain('canary')
  })
  it('no password of the database', () => {
    expect(faultsOf('', { env: { OCTROI_DATABASE_URL: 'mysql://a:canary@b' } }).join()).not.toContain('canary')
  })
  it.each([
    ['a list', '- a\n'],
    ['a text', 'listen'],
    ['not YAML', 'a: [b'],
    ['a tab', 'a:\n\t- b'],
  ])('a file that is %s', (_, text) => {
    expect(faultsOf(text)).toEqual([expect.stringContaining('.yaml: ')])
  })
  it('a file that was named and is not there', () => {
    const configFile = join(folder, 'none.yaml')
    expect(faultsOf('', { configFile })).toEqual([`${configFile}: there is no such file`])
  })
})
