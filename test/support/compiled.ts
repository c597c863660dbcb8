import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/** A thousand starts of one program: what the first has compiled the others need not (Node, `module.enableCompileCache`). */
export const COMPILED = { NODE_COMPILE_CACHE: join(tmpdir(), `octroi-test-compiled-${userInfo().username}`) }
