import { newRecoveryCodes } from '../factors/recovery_codes.ts'
import { changeOwn } from './changing.ts'
import { type AccountParts, AccountRefused, type Own } from './own.ts'

export interface RecoveryState {
  readonly left: number
  /** Without another second factor they are of no use. */
  readonly hasFactor: boolean
}

export async function recoveryState({ factors }: AccountParts, { account }: Own): Promise<RecoveryState> {
  const { totp, passkeys, recoveryCodes } = await factors.state(account.id)
  return { left: recoveryCodes, hasFactor: totp || passkeys > 0 }
}

/** Ends those that were there. */
export async function makeRecoveryCodes(
  parts: AccountParts,
  own: Own,
): Promise<{ readonly codes: readonly string[]; readonly token: string | undefined }> {
  const { hasFactor } = await recoveryState(parts, own)
  if (!hasFactor) throw new AccountRefused('invalid')
  const { codes, hashes } = newRecoveryCodes(parts.secrets)
  const data = { factor: 'recovery_codes' }
  const change = { event: 'account.factor_added', data, notice: 'recovery_codes_made', renews: true } as const
  const token = await changeOwn(parts, own, change, (store) =>
    store.factors.setRecoveryCodes(own.account.id, hashes, parts.now().toISOString()),
  )
  return { codes, token }
}
