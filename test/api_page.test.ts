import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../src/api/index.ts'
import { PERMISSIONS } from '../src/policy/permissions.ts'

/** `docs/api.md` lists every operation as it is declared, and every permission. */

const page = readFileSync(join(import.meta.dirname, '../docs/api.md'), 'utf8')
const rows = page.split('\n').filter((line) => /^\| `[a-z-]+\.[a-z_]+` \|/.test(line))

describe('docs/api.md', () => {
  it('has the operations as they are declared, in their order, and no other', () => {
    const declared = OPERATIONS.map(
      ({ name, method, path, permission, summary }) =>
        `| \`${name}\` | \`${method} ${path}\` | ${permission == null ? 'any valid key' : `\`${permission}\``} | ${summary} |`,
    )
    expect(rows).toEqual(declared)
  })

  it.each(PERMISSIONS)('names the permission %s in its list', (permission) => {
    const [list = ''] = /^`\*`[\s\S]*?\.$/m.exec(page) ?? []
    expect(list).toContain(`\`${permission}\``)
  })
})
