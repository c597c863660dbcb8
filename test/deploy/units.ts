import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './context.ts'

/** What a unit says: the values of each directive, in their order. */
export function unitOf(name: string): ReadonlyMap<string, readonly string[]> {
  const directives = new Map<string, string[]>()
  for (const line of readFileSync(join(ROOT, 'deploy/systemd', name), 'utf8').split('\n')) {
    if (/^(?:#|\[|\s*$)/.test(line)) continue
    const [, key, value] = /^(\w+)=(.*)$/.exec(line) ?? []
    if (key === undefined || value === undefined) throw new Error(`${name}: ${line}`)
    directives.set(key, [...(directives.get(key) ?? []), value])
  }
  return directives
}

export interface UnitPlaces {
  readonly program: string
  readonly config: string
  readonly credentials: string
}

/** The environment that the unit gives, and the command that it starts, with the places of a test for those of a machine. */
export function startOf(name: string, { program, config, credentials }: UnitPlaces) {
  const unit = unitOf(name)
  const fill = (text: string) =>
    text
      .replaceAll('/opt/octroi/', `${program}/`)
      .replaceAll('/etc/octroi/octroi.yaml', config)
      .replaceAll('%d', credentials)
  const environment = (unit.get('Environment') ?? []).map(
    (pair) => /^(\w+)=(.*)$/.exec(fill(pair))?.slice(1) as [string, string],
  )
  return {
    command: fill(unit.get('ExecStart')?.[0] ?? '').split(' '),
    // What systemd gives every system service.
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin',
      LANG: 'C.UTF-8',
      ...Object.fromEntries(environment),
    } as Record<string, string>,
  }
}

/** The system calls that `SystemCallFilter=` lines let through, as this machine's systemd reads their groups. */
export function allowedCalls(filters: readonly string[]): ReadonlySet<string> {
  const allowed = new Set<string>()
  for (const filter of filters) {
    const refuses = filter.startsWith('~')
    for (const call of filter.replace(/^~/, '').split(' ').flatMap(callsOf)) {
      if (refuses) allowed.delete(call)
      else allowed.add(call)
    }
  }
  return allowed
}

function callsOf(name: string): string[] {
  if (!name.startsWith('@')) return [name]
  const text = execFileSync('systemd-analyze', ['syscall-filter', name], { encoding: 'utf8' })
  const words = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#') && line !== name)
  return words.flatMap(callsOf)
}
