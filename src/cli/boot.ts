import { resolve } from 'node:path'
import { readSettings, SETTINGS, type Settings } from '../config/settings.ts'
import type { Option, Options } from './command.ts'

type Name = keyof typeof SETTINGS
type Secret = 'master_key' | 'database_url' | 'keys' | 'server_env_config' | 'server_env_config_secret'

/** Boot settings as options of a command: `listen` → `--listen`. Those that may hold a secret stay off the command line. */
export function bootOptions<const N extends Exclude<Name, Secret>>(
  names: readonly N[],
): Readonly<Record<string, Option>> {
  return Object.fromEntries(names.map((name) => [flagOf(name), optionOf(name)]))
}

function optionOf(name: Name): Option {
  const { description, env } = SETTINGS[name]
  const value = VALUES[name] ?? 'VALUE'
  return { type: 'string', value, multiple: name === 'connectors', setting: name, describes: `${description} (${env})` }
}

const VALUES: Partial<Record<Name, string>> = {
  listen: 'ADDRESS:PORT',
  metrics_listen: 'ADDRESS:PORT',
  public_url: 'URL',
  master_key_file: 'PATH',
  connectors: 'DIR',
  trusted_proxies: 'CIDR,...',
  environment: 'NAME',
  log_level: 'LEVEL',
  audit: 'MODE',
  audit_retention_days: 'DAYS',
}

/** The settings, with what the command line says over everything else. A path on a command line is relative to where one stands. */
export function settingsFrom(
  declared: Options,
  given: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Settings {
  const flags = Object.entries(declared).flatMap(([name, { setting }]) =>
    setting === undefined || given[name] === undefined
      ? []
      : [[setting, setting === 'data_dir' ? resolve(given[name] as string) : given[name]]],
  )
  return readSettings({ configFile: given.config as string | undefined, env, flags: Object.fromEntries(flags) })
}

function flagOf(name: string): string {
  return name.replaceAll('_', '-')
}
