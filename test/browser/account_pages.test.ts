import { describe } from 'vitest'
import { accountPages } from './account_samples.ts'
import { everyPageIsSound } from './sign_in_pages_checks.ts'
import { HOSTILE_NAMES, LONG_NAMES } from './sign_in_samples.ts'

describe('pages of /account', () => everyPageIsSound(accountPages(LONG_NAMES), accountPages(HOSTILE_NAMES)))
