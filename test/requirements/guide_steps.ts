import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A page of instructions as something that can be followed: what is written into files, and what is typed. */
export type Step =
  | { readonly do: 'heading'; readonly title: string }
  | { readonly do: 'write'; readonly file: string; readonly text: string }
  | { readonly do: 'site'; readonly text: string }
  | { readonly do: 'type'; readonly command: string; readonly comment: string }

const LANGUAGES = ['sh', 'yaml', 'csv', 'ini', 'nginx']

/**
 * Blocks of shell are typed line by line; a file is named by the last text in backticks before its block; a block of nginx is the site
 * that is served from its `systemctl reload` on.
 */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8')
  const parts = text.split(/^```(\w*)\n(.*?)^```$/ms)
  const steps: Step[] = []
  for (let i = 0; i < parts.length; i += 3) {
    const [prose = '', language = '', block = ''] = parts.slice(i, i + 3)
    for (const [, title] of prose.matchAll(/^## (.+)$/gm)) steps.push({ do: 'heading', title: title as string })
    if (LANGUAGES.includes(language)) steps.push(...blockSteps(language, block, prose))
  }
  return steps
}

function blockSteps(language: string, block: string, prose: string): Step[] {
  if (language === 'nginx') return [{ do: 'site', text: block }]
  if (language === 'sh') return block.trimEnd().split('\n').map(typed)
  const file = [...prose.matchAll(/`([\w./-]+\.(?:yaml|csv|conf))`/g)].at(-1)?.[1]
  if (file === undefined) throw new Error(`no name for the file before: ${block}`)
  return [{ do: 'write', file, text: block }]
}

function typed(line: string): Step {
  const [, command = '', comment = ''] = /^(.*?)(?:\s+# (.+))?$/.exec(line) ?? []
  return { do: 'type', command, comment }
}
