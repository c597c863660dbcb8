import type { Connector, SettingField } from '../connectors/connector.ts'
import type { SecretField } from '../scheme.ts'
import type { AccountOption } from './draft.ts'
import type { Fault } from './faults.ts'

/** What the person in front of the browser comes to next. The pages are made of this. */
export type Stage = FormStage | AuthoriseStage | OnwardStage | ChooseStage | DoneStage | RefusedStage | EndedStage

export interface EndedStage {
  readonly kind: 'ended'
  readonly reason: 'expired' | 'used' | 'unknown'
  readonly service?: string | undefined
}

interface AtService {
  readonly connector: Connector
  readonly link: string
}

export interface FormStage extends AtService {
  readonly kind: 'form'
  readonly scheme: string
  readonly schemes: readonly string[]
  readonly settings: readonly (readonly [name: string, field: SettingField])[]
  readonly secrets: readonly (readonly [name: string, field: SecretField])[]
  /** What was typed before; secrets are not among it. */
  readonly values: Readonly<Record<string, string>>
  readonly fault?: Fault | undefined
  /** A person signs in at the service after this. */
  readonly leadsOn: boolean
  /** To be registered at the service by whoever enters an application of one's own. */
  readonly redirectUri?: string | undefined
  readonly again: boolean
}

export interface AuthoriseStage extends AtService {
  readonly kind: 'authorise'
  readonly signInHost: string
  readonly again: boolean
}

export interface OnwardStage extends AtService {
  readonly kind: 'onward'
  readonly target: string
}

export interface ChooseStage extends AtService {
  readonly kind: 'choose'
  readonly accounts: readonly AccountOption[]
  readonly fault: boolean
}

export interface DoneStage extends AtService {
  readonly kind: 'done'
  readonly connectionId: string
  readonly identity: string | null
  /** Of the key that made the link. */
  readonly keyId: string
}

export interface RefusedStage extends AtService {
  readonly kind: 'refused'
  /** `trouble`: the service did not answer, or not as it should. */
  readonly by: 'person' | 'service' | 'other_account' | 'trouble'
  readonly detail?: string | undefined
}
