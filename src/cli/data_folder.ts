import type { Settings } from '../config/settings.ts'

/** What the commands on the data folder need; `main.ts` provides it, so that the CLI knows neither store nor vault. */
export interface DataFolderOperations {
  init(settings: Settings): Promise<InitOutcome>
  serve(settings: Settings): Promise<Serving>
  rotateVault(
    settings: Settings,
    options: { readonly masterKeyFile?: string | undefined },
    progress?: Progress,
  ): Promise<RotationOutcome>
  backup(settings: Settings, file: string, progress?: Progress): Promise<BackupOutcome>
  restore(settings: Settings, file: string, options: RestoreOptions, progress?: Progress): Promise<RestoreOutcome>
  verifyAudit(settings: Settings, heads?: readonly AuditHead[]): Promise<VerifyOutcome>
  doctor(settings: Settings, options: { readonly probe: boolean }): Promise<readonly Finding[]>
}

/** How many are done. */
export type Progress = (done: number) => void

export interface InitOutcome {
  readonly admin_key: string
  readonly data_dir: string
  readonly master_key_file: string | null
}

export interface Serving {
  readonly url: string
  /** Lets what is under way finish. */
  stop(): Promise<void>
}

export interface RotationOutcome {
  readonly key_id: string
  readonly rewrapped: number
  readonly resumed: boolean
  readonly master_key_file?: string | undefined
  /** What the operator has to do now. */
  readonly next?: string | undefined
}

export interface BackupOutcome {
  readonly rows: number
  readonly bytes: number
}

export interface RestoreOptions {
  readonly activate: boolean
  readonly adoptKeys: boolean
  readonly replace: boolean
}

export interface RestoreOutcome {
  readonly rows: number
  readonly suspended_connections: number
  readonly suspended_webhooks: number
  readonly suspended_sign_in_methods: number
  readonly foreign_keys: number
  readonly foreign_passwords: number
  readonly foreign_client_secrets: number
  /** Where the files are that were replaced. */
  readonly aside: string | null
}

export interface AuditHead {
  readonly writer: string
  readonly seq: number
  readonly mac: string
}

export interface VerifyOutcome {
  readonly ok: boolean
  readonly batches: number
  readonly lines: number
  readonly heads: readonly AuditHead[]
  readonly faults: readonly string[]
}

export interface Finding {
  readonly level: 'ok' | 'warning' | 'problem'
  readonly code: string
  readonly message: string
  readonly advice?: string | undefined
}
