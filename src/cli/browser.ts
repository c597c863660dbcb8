import { spawn } from 'node:child_process'

type Environment = Readonly<Record<string, string | undefined>>

/** Whether a browser can be opened here; over ssh it would open at the other end, or not at all. */
export function hasBrowser(env: Environment, platform: NodeJS.Platform = process.platform): boolean {
  if (env.SSH_CONNECTION !== undefined || env.SSH_TTY !== undefined) return false
  if (platform === 'darwin' || platform === 'win32') return true
  return [env.DISPLAY, env.WAYLAND_DISPLAY].some((display) => display !== undefined && display !== '')
}

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** Gives up silently: the address stands on the terminal as well. No `OCTROI_KEY` reaches a browser. */
export function openBrowser(address: string, env: Environment, platform: NodeJS.Platform = process.platform): void {
  const [program = '', ...args] = OPENERS[platform] ?? ['xdg-open']
  const clean = Object.fromEntries(Object.entries(env).filter(([name]) => !/^OCTROI_/i.test(name)))
  const child = spawn(program, [...args, address], { env: clean, stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}
