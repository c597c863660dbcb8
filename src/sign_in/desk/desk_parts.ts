import type { TicketStore } from '../../core/people_stores.ts'
import type { Applications } from '../applications/contract.ts'
import type { Flows } from '../flow.ts'
import type { HostSessions } from '../hosts/host_sessions.ts'
import type { Links } from '../links/contract.ts'
import type { Methods } from '../open_methods.ts'
import type { PeopleSecrets } from '../secrets.ts'
import type { Sessions } from '../sessions.ts'
import type { RecordParts } from './sign_in_record.ts'
import type { StepParts } from './steps/step.ts'

/** All that the desk may use. */
export interface DeskParts extends StepParts, RecordParts {
  readonly tickets: TicketStore
  readonly secrets: PeopleSecrets
  readonly flows: Flows
  readonly methods: Methods
  readonly sessions: Sessions
  readonly hosts: Pick<HostSessions, 'towards' | 'codeFor'>
  readonly applications: Applications
  readonly links: Links
  /** An account has one identity more: its owner should hear of it, for it may have been somebody else (OWASP ASVS 6.3.7). */
  readonly onLinked?: ((account: string, language: 'en' | 'fr') => void) | undefined
  /** A forgotten password can be set anew by mail. */
  readonly canReset: boolean
  /** Without a slash at the end. */
  readonly publicUrl: string
}

/** The path of the public URL, without a slash at the end: empty at the root. */
export function basePathOf({ publicUrl }: Pick<DeskParts, 'publicUrl'>): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '')
}
