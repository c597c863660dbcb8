import { createHash } from 'node:crypto'
import { cost, type HashFamily, HashFault, required, type StoredHash } from './stored_hash.ts'

/** 2^14 rounds take about a second in JavaScript; PHP and Django make 2^12. */
const MAX_COST = 14

const SHAPE = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/

/** `$2a$`, `$2b$`, `$2y$`, which differ in what programs once did wrong; also with Django's names before it. */
export const bcryptFamily: HashFamily = {
  begins: /^(?:bcrypt(?:_sha256)?\$)?\$2/,
  read(text) {
    const [, prefix = '', hash = ''] = /^(bcrypt\$|bcrypt_sha256\$)?(.*)$/s.exec(text) ?? []
    if (/^\$2x?\$/.test(hash)) throw new HashFault('is bcrypt of a version that was broken ($2$, $2x$): not taken')
    const [, rounds] = required(SHAPE.exec(hash), 'bcrypt')
    cost('cost', rounds, MAX_COST)
    return stored(hash, prefix === 'bcrypt_sha256$' ? sha256 : same)
  },
}

/** bcrypt reads 72 bytes and no more: what made the hash did not see the rest either. Ours, which it is replaced by, has no such end. */
function stored(hash: string, before: (password: string) => string): StoredHash {
  return {
    memory: 0,
    isSlow: true,
    isOutdated: true,
    async matches(password) {
      const { compareSync } = await import('bcryptjs')
      return compareSync(before(password), hash)
    },
  }
}

/** Django: so that what is beyond 72 bytes counts. */
function sha256(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}

function same(password: string): string {
  return password
}
