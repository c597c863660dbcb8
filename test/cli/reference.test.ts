import { describe, expect, it } from 'vitest'
import { allCommands, NOUNS } from '../../src/cli/commands.ts'
import { optionsOf, parseCommandLine } from '../../src/cli/parse.ts'
import { reference } from '../../src/cli/reference.ts'
import { octroi } from './octroi.ts'

const commands = await allCommands()

describe('the reference', () => {
  it('docs/cli.md says what the declarations say', async () => {
    await expect(await reference()).toMatchFileSnapshot('../../docs/cli.md')
  })

  it('every command of the contract is there', () => {
    expect(commands.map(({ name }) => name)).toEqual(
      expect.arrayContaining(
        `init;serve;status;connector ls;connector show;connection add;connection ls;connection show;connection test;connection refresh
        connection reconnect;connection next;connection switch;connection activate;connection set;connection rm;key create;key ls;key show
        key rotate;key revoke;key import;key set;key disable;key enable;account add;account ls;account show;account disable;account enable
        account rm;account set;account password;group add;group ls;group show;group set;group rm;route add;route ls;route show;route set
        route rm;issuer add;issuer ls;issuer show;issuer set;issuer disable;issuer enable;issuer rm;run;render;connection import;connector test;connector import-nango;audit ls;audit verify;audit heads;event ls;export;apply;vault rotate;backup;restore;doctor`
          .split(/[;\n]/)
          .map((name) => name.trim()),
      ),
    )
  })

  it.each(commands)('octroi $name --help has an example, and every example is a valid use of it', async (command) => {
    const { examples, name } = command
    expect(examples.length).toBeGreaterThan(0)
    for (const example of examples) {
      expect(example.startsWith(name), example).toBe(true)
      const rest = example.slice(name.length).replace(/\s[<>].*$/, '')
      expect(() => parseCommandLine(command, words(rest)), example).not.toThrow()
    }
    const help = await octroi([...name.split(' '), '--help'])
    expect(help).toMatchObject({ code: 0, stderr: '' })
    for (const example of examples) expect(help.stdout).toContain(`  octroi ${example}`)
    for (const option of Object.keys(optionsOf(command))) expect(help.stdout).toContain(`--${option}`)
  })

  it.each(NOUNS.filter(({ name }) => !commands.some((command) => command.name === name)))(
    'octroi $name --help lists its commands; without a command it is a usage error',
    async ({ name }) => {
      const help = await octroi(['help', name])
      expect(help.code).toBe(0)
      for (const command of commands.filter((one) => one.name.startsWith(`${name} `))) {
        expect(help.stdout).toContain(command.summary)
      }
      expect(await octroi([name])).toMatchObject({ code: 64, stdout: '' })
    },
  )
})

/** A shell's words, as far as the examples go. */
function words(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  )
}
