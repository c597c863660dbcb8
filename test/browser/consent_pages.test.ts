import { describe } from 'vitest'
import { consentPages } from './consent_samples.ts'
import { everyPageIsSound } from './sign_in_pages_checks.ts'
import { HOSTILE_NAMES, LONG_NAMES } from './sign_in_samples.ts'

describe('pages of consent, devices and errors', () =>
  everyPageIsSound(consentPages(LONG_NAMES), consentPages(HOSTILE_NAMES)))
