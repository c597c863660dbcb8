import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { contextFiles, ROOT } from './context.ts'
import { environmentOf, execForm, type Instruction, parseDockerfile, type Stage, theOnly } from './dockerfile.ts'

/** The image without a container engine: the steps of the Dockerfile in a scratch folder, and its result as the root of a process. */

const NODE = join(ROOT, 'node_modules/node/bin/node')
const { stages } = parseDockerfile(readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8'))
const [build, final] = stages as [Stage, Stage]
const UNSHARE = '/usr/bin/unshare'

export interface Image {
  /** What stands at `/`. */
  readonly root: string
  /** Starts its entry point with these arguments, or `command` instead of it. Nothing of our environment reaches it. */
  start(args: readonly string[], options?: StartOptions): ReturnType<typeof spawn>
  run(args: readonly string[], options?: StartOptions): SpawnSyncReturns<string>
  remove(): void
}

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>
  /** As with `docker exec`: a program of the image instead of its entry point. */
  readonly command?: string
}

/** Only root may give a process another root, and not everywhere. */
export function canStart(): boolean {
  return process.getuid?.() === 0 && spawnSync(UNSHARE, ['--mount', 'true'], { stdio: 'ignore' }).status === 0
}

export function buildImage(): Image {
  const place = mkdtempSync(join(tmpdir(), 'octroi-image-'))
  execFileSync('chmod', ['755', place])
  const scratch = join(place, 'build')
  const root = join(place, 'root')
  for (const path of contextFiles()) cpSync(join(ROOT, path), join(scratch, 'context', path))
  for (const instruction of build.instructions) take(instruction, scratch)
  // FROM scratch, and its COPY lines.
  for (const { words, flags } of final.instructions.filter(({ name }) => name === 'COPY')) {
    const [from = '', to = ''] = words
    mkdirSync(join(root, to), { recursive: true })
    execFileSync('cp', ['-a', `${join(scratch, from)}/.`, join(root, to)])
    if (flags.chown !== undefined) execFileSync('chown', ['-R', flags.chown, join(root, to)])
  }
  rmSync(scratch, { recursive: true, force: true })
  for (const folder of ['dev', 'proc', 'run/secrets']) mkdirSync(join(root, folder), { recursive: true })
  for (const name of ['hosts', 'resolv.conf']) writeFileSync(join(root, 'etc', name), readFileSync(join('/etc', name)))
  return {
    root,
    start: (args, options) => spawn(UNSHARE, inside(root, args, options), { env: environment(options) }),
    run: (args, options) =>
      spawnSync(UNSHARE, inside(root, args, options), { env: environment(options), encoding: 'utf8' }),
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}

/** That of the image; the programs that make the mounts find each other by the rest of `PATH`, which is not in the image. */
function environment({ env = {} }: StartOptions = {}): Record<string, string> {
  const own = environmentOf(final)
  return { ...own, ...env, PATH: `${own.PATH}:/usr/sbin:/usr/bin:/sbin:/bin` }
}

/** One line of the first stage. The dependencies are those of this checkout, which `npm ci` brought from the same lock file. */
function take({ name, text, words }: Instruction, scratch: string): void {
  const work = join(scratch, theOnly(build, 'WORKDIR').text)
  mkdirSync(work, { recursive: true })
  if (name === 'COPY') {
    const to = join(work, words.at(-1) ?? '')
    for (const from of words.slice(0, -1)) {
      const source = join(scratch, 'context', from)
      cpSync(source, words.at(-1)?.endsWith('/') ? join(to, basename(from)) : to, { recursive: true })
    }
  } else if (name === 'RUN' && text.startsWith('npm ci')) {
    symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'))
  } else if (name === 'RUN') {
    const here = text.replace(/ \/(?=image\b)/g, ` ${scratch}/`)
    execFileSync('sh', ['-euc', here], { cwd: work, env: { PATH: `${dirname(NODE)}:/usr/bin:/bin` }, stdio: 'pipe' })
  } else if (name !== 'WORKDIR') throw new Error(`not taken here: ${name} ${text}`)
}

/** What an engine does before it starts the program: its mounts, the secrets, a root that nobody writes to but in the volume. */
const MOUNTS = `
mount --bind "$1" "$1"
mount --bind "$1$2" "$1$2"
mount -o remount,bind,ro "$1"
for place in /dev /proc; do mount --rbind $place "$1$place"; done
root=$1 folder=$2 uid=$3 gid=$4
shift 4
exec setpriv --no-new-privs unshare --root="$root" --wd="$folder" --setgid="$gid" --setuid="$uid" "$@"`

function inside(root: string, args: readonly string[], { command }: StartOptions = {}): string[] {
  const [uid = '', gid = ''] = theOnly(final, 'USER').text.split(':')
  const program = command === undefined ? execForm(theOnly(final, 'ENTRYPOINT')) : [command]
  const script = ['sh', '-euc', MOUNTS, 'sh', root, theOnly(final, 'WORKDIR').text, uid, gid]
  return ['--mount', '--propagation', 'private', ...script, ...program, ...args]
}
