import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { contextFiles, isLetIn, ROOT, rulesOf } from './context.ts'
import { type Dockerfile, environmentOf, execForm, parseDockerfile, type Stage, theOnly } from './dockerfile.ts'

/** Nothing here runs a container: image.test.ts takes the same steps without one. */

const file = parseDockerfile(readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8'))
const final = file.stages.at(-1) as Stage
const build = file.stages[0] as Stage
const context = contextFiles()

const sources = (stage: Stage) =>
  stage.instructions
    .filter(({ name, flags }) => name === 'COPY' && flags.from === undefined)
    .flatMap(({ words }) => words.slice(0, -1))
const inContext = (source: string) => context.filter((path) => path === source || path.startsWith(`${source}/`))

describe('deploy/docker/Dockerfile', () => {
  it('has two stages: one builds, one is the image, from nothing', () => {
    expect(file.stages.map(({ from, as }) => [from, as])).toEqual([
      ['node:26-slim', 'build'],
      ['scratch', undefined],
    ])
  })

  it('what it is built from can be given by digest', () => {
    const given = readFileSync(join(ROOT, 'deploy/docker/Dockerfile'), 'utf8')
    expect(file.args).toEqual({ NODE_IMAGE: 'node:26-slim' })
    expect(given).toMatch(/^FROM \$\{NODE_IMAGE\} AS build$/m)
  })

  it.each(sources(build))('COPY %s: is there, and .dockerignore lets it in', (source) => {
    expect(existsSync(join(ROOT, source))).toBe(true)
    expect(inContext(source).length).toBeGreaterThan(0)
  })

  it('every file that it lets in is one that it copies', () => {
    expect(
      context.filter((path) => !sources(build).some((source) => path === source || path.startsWith(`${source}/`))),
    ).toEqual([])
  })

  it('no test, no data, no history, no dependency and no secret goes into the build', () => {
    const odd = /\.test\.ts$|^test\/|^\.git\/|node_modules|octroi-data|\.key$|\.env|secrets\//
    expect(context.filter((path) => odd.test(path))).toEqual([])
  })

  it('the image gets nothing but what the first stage laid out', () => {
    const copies = final.instructions.filter(({ name }) => name === 'COPY')
    expect(copies.map(({ flags, words }) => [flags.from, ...words])).toEqual([
      ['build', '/image/', '/'],
      ['build', '/image/data', '/data'],
    ])
    expect(final.instructions.filter(({ name }) => name === 'RUN')).toEqual([])
  })

  it('the user is not root, by number, and the data folder is his', () => {
    expect(theOnly(final, 'USER').text).toBe('1000:1000')
    expect(final.instructions.find(({ words }) => words[0] === '/image/data')?.flags.chown).toBe('1000:1000')
  })

  it('no secret is a build argument or a variable of the image', () => {
    const names = ['PATH', 'OCTROI_DATA_DIR', 'OCTROI_LISTEN', 'MALLOC_MMAP_THRESHOLD_']
    expect(Object.keys(environmentOf(final))).toEqual(names)
    expect(file.stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'ARG')).toEqual([])
  })

  it('starts without a shell, so that SIGTERM reaches Octroi, with the flags of the launcher', () => {
    const [node, ...words] = execForm(theOnly(final, 'ENTRYPOINT'))
    const launcher = readFileSync(join(ROOT, 'octroi'), 'utf8')
    const flags = /^flags="(.+)"$/m.exec(launcher)?.[1]?.split(' ')
    expect([node, ...words]).toEqual([
      '/opt/octroi/node_modules/node/bin/node',
      ...(flags ?? []),
      '/opt/octroi/dist/octroi.cjs',
    ])
    expect(execForm(theOnly(final, 'CMD'))).toEqual(['serve'])
    expect(theOnly(final, 'STOPSIGNAL').text).toBe('SIGTERM')
  })

  it('says how it is found to be alive, without a shell', () => {
    const { flags, words } = theOnly(final, 'HEALTHCHECK')
    expect(flags).toMatchObject({ interval: expect.any(String), timeout: expect.any(String) })
    expect([words[0], ...execForm({ text: words.slice(1).join(' ') })]).toEqual(['CMD', 'healthy'])
    expect(statSync(join(ROOT, 'deploy/docker/healthy')).mode & 0o111).toBe(0o111)
  })

  it('every script that it runs is in the context', () => {
    const runs = build.instructions.filter(({ name }) => name === 'RUN')
    const named = runs.flatMap(({ text }) =>
      [...text.matchAll(/\b((?:deploy|scripts)\/[\w./]+)/g)].map(([, path]) => path as string),
    )
    expect(named).toEqual(['scripts/bundle.ts', 'deploy/lay_out', 'deploy/docker/root'])
    expect(named.filter((path) => !context.includes(path))).toEqual([])
  })

  it('npm brings what the lock file names, and runs nothing of it', () => {
    const npm = build.instructions.filter(({ name, text }) => name === 'RUN' && text.includes('npm'))
    expect(npm.map(({ text }) => text)).toEqual(['npm ci --ignore-scripts'])
  })
})

describe('how it is read', () => {
  it.each(['ADD https://example.org/x /x', 'copy a b', 'MAINTAINER me'])('%s is a fault', (line) => {
    expect(() => parseDockerfile(`FROM a\n${line}\n`)).toThrow()
  })
  it('flags, words, and lines that go on', () => {
    const { stages } = parseDockerfile('ARG A=b:1\nFROM $\x7bA} AS c\nCOPY --from=x \\\n  d e\n') as Dockerfile
    expect(stages[0]).toMatchObject({
      from: 'b:1',
      as: 'c',
      instructions: [{ flags: { from: 'x' }, words: ['d', 'e'] }],
    })
  })
  it.each([
    ['src/a.ts', true],
    ['src/a.test.ts', false],
    ['src/deep/a.test.ts', false],
    ['srcs/a.ts', false],
    ['secrets/key', false],
  ])('.dockerignore: %s → %s', (path, expected) => {
    expect(isLetIn(rulesOf('*\n!src\n**/*.test.ts\n'), path)).toBe(expected)
  })
})
