import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contextFiles, ROOT } from './context.ts'

const NODE = join(ROOT, 'node_modules/node/bin/node')

export interface Release {
  /** For what belongs to the test; everybody may go through it. */
  readonly place: string
  /** What `deploy/lay_out` made: `/opt/octroi` of an installation. */
  readonly program: string
  remove(): void
}

/** Bundled anew from the sources as they are, so that no older `dist` is what is tested. */
export function layOutRelease(): Release {
  const place = mkdtempSync(join(tmpdir(), 'octroi-release-'))
  chmodSync(place, 0o755)
  const checkout = join(place, 'checkout')
  for (const path of contextFiles()) cpSync(join(ROOT, path), join(checkout, path))
  cpSync(join(ROOT, 'deploy/systemd'), join(checkout, 'deploy/systemd'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  const program = join(place, 'opt/octroi')
  execFileSync(NODE, ['scripts/bundle.ts'], { cwd: checkout, stdio: 'pipe' })
  mkdirSync(join(place, 'opt'))
  execFileSync('sh', ['deploy/lay_out', NODE, program], { cwd: checkout, stdio: 'pipe' })
  rmSync(checkout, { recursive: true, force: true })
  return { place, program, remove: () => rmSync(place, { recursive: true, force: true }) }
}
