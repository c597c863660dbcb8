import type { FieldError, OctroiError } from '../../core/errors.ts'
import type { Connector, SettingField } from '../connector.ts'
import type { SecretField } from '../scheme.ts'
import type { AccountOption } from './draft.ts'

/** What the person in front of the browser comes to next. The pages are made of this. */
export type Stage =
  | FormStage
  | AuthoriseStage
  | OnwardStage
  | ChooseStage
  | DoneStage
  | RefusedStage
  | { readonly kind: 'ended'; readonly reason: 'expired' | 'used' | 'unknown'; readonly service?: string | undefined }

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
  readonly errors: readonly FieldError[]
  readonly fault?: OctroiError | undefined
  /** A person signs in at the service after this. */
  readonly leadsOn: boolean
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
}

export interface RefusedStage extends AtService {
  readonly kind: 'refused'
  readonly by: 'person' | 'service' | 'other_account'
  readonly detail?: string | undefined
}
