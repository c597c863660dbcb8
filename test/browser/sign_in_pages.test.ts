import { describe } from 'vitest'
import { everyPageIsSound } from './sign_in_pages_checks.ts'
import { HOSTILE_NAMES, LONG_NAMES, signInPages } from './sign_in_samples.ts'

describe('pages of sign-in', () => everyPageIsSound(signInPages(LONG_NAMES), signInPages(HOSTILE_NAMES)))
