import { readFileSync } from 'node:fs'

export interface Settings {
  /** Where browsers find this application: an origin. */
  readonly appUrl: string
  /** Octroi as an OpenID provider. */
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly port: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** What the application learns from its environment. All faults are named at once, before it starts; never a value, which may be a secret. */
export function readSettings(env: Environment): Settings {
  const faults: string[] = []
  const text = (name: string, otherwise = '') => {
    const value = env[name]?.trim() || otherwise
    if (value === '') faults.push(`${name} is missing`)
    return value
  }
  const url = (name: string) => {
    const value = text(name).replace(/\/+$/, '')
    if (value !== '' && !/^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/.test(value))
      faults.push(`${name} is no address of the form https://desk.example.org`)
    return value
  }
  /** From the file that NAME_FILE names, as containers and systemd hand secrets over, else from NAME itself. */
  const secret = (name: string) => {
    const path = env[`${name}_FILE`]
    if (!path) return text(name)
    try {
      return readFileSync(path, 'utf8').trim() || text(name)
    } catch {
      faults.push(`the file that ${name}_FILE names cannot be read`)
      return ''
    }
  }
  const settings = {
    appUrl: url('APP_URL'),
    issuer: `${url('OCTROI_URL')}/oidc`,
    clientId: text('CLIENT_ID'),
    clientSecret: secret('CLIENT_SECRET'),
    port: Number(text('PORT', '3000')),
  }
  if (!Number.isInteger(settings.port) || settings.port < 1 || settings.port > 65_535) faults.push('PORT is no port')
  if (faults.length > 0) throw new Error(faults.join('; '))
  return settings
}
