import type { z } from 'zod'
import { type FieldError, OctroiError } from '../core/errors.ts'
import type { Principal, Issuer as Stored } from '../core/program_types.ts'
import type { Store } from '../core/stores.ts'
import { Egress, originRefusal } from '../outbound/network/egress.ts'
import { holdsPermission } from '../policy/permissions.ts'
import type { ApiParts } from './endpoint.ts'
import { invalid } from './faults.ts'
import type { Issuer, IssuerUpdate } from './issuer_schemas.ts'
import { presentNetwork } from './presenting.ts'
import { missingAccounts, noSuch } from './references.ts'

/** The rules that every change of an issuer keeps. */

/** D6: an issuer says who anybody is. */
export function requireAdministrator(principal: Principal): void {
  if (holdsPermission(principal.permissions, '*')) return
  throw new OctroiError(
    'not_granted',
    'Whom to believe about who calls is an administrator’s decision and needs the permission *. With issuers.write an issuer can be disabled and deleted.',
  )
}

/** `subject` is short for what the subject claim may be; it takes the place of what was said of that before, not of what is said now. */
export function conditionsOf(
  conditions: Stored['conditions'],
  claim: string,
  { subject, conditions: said = {} }: Pick<z.output<typeof IssuerUpdate>, 'subject' | 'conditions'>,
): Stored['conditions'] {
  if (subject === undefined) return conditions
  if (Object.hasOwn(said, claim)) {
    throw invalid('The issuer is not valid.', [
      { path: 'subject', message: `and conditions.${claim} say the same: only one of them` },
    ])
  }
  return { ...conditions, [claim]: subject }
}

/** What stands against an issuer as it would be. Throws 400, and 422 `conditions_required` for what anybody could meet (D10). */
export async function checkIssuer(store: Store, issuer: Stored): Promise<void> {
  const faults = [...faultsOf(issuer), ...(await unnamedAccounts(store, issuer))]
  if (faults.length > 0) throw invalid('The issuer is not valid.', faults)
  if (issuer.account === null || Object.keys(issuer.conditions).length > 0) return
  const message = 'must say which claims the tokens have, or subject whom they are about'
  throw new OctroiError(
    'conditions_required',
    'Every token that the issuer gives to anybody would be this account. Give conditions, or a subject.',
    { errors: [{ path: 'conditions', message }] },
  )
}

function faultsOf({ jwks, jwks_uri, network, account, accounts }: Stored): FieldError[] {
  const faults: FieldError[] = []
  if (jwks === null && jwks_uri === null) {
    faults.push({ path: 'jwks_uri', message: 'is required, or the keys themselves as jwks' })
  }
  if (jwks !== null && jwks_uri !== null) faults.push({ path: 'jwks', message: 'and jwks_uri: only one of them' })
  if (jwks_uri === null && Object.keys(network).length > 0) {
    faults.push({ path: 'network', message: 'goes with jwks_uri: nothing else is fetched' })
  }
  if (account !== null && accounts.length > 0) {
    faults.push({ path: 'accounts', message: 'goes without account: every token is that one' })
  }
  return faults
}

async function unnamedAccounts(store: Store, { account, accounts }: Stored): Promise<FieldError[]> {
  const faults: FieldError[] = []
  if (account !== null && (await store.accounts.get(account)) === undefined) {
    faults.push(noSuch('account', 'account', account))
  }
  return [...faults, ...(await missingAccounts(store, 'accounts', accounts))]
}

/** Refuses an address that this network policy does not reach. Throws 422 `insecure_upstream`. */
export async function requireReachable(parts: ApiParts, { jwks_uri, network }: Stored): Promise<void> {
  if (jwks_uri === null) return
  const refusal = await originRefusal(jwks_uri, new Egress(network, parts.listeners))
  if (refusal === undefined) return
  throw new OctroiError('insecure_upstream', `The address of the keys is not allowed: ${refusal}.`, {
    errors: [{ path: 'jwks_uri', message: refusal }],
  })
}

export function presentIssuer(issuer: Stored): z.input<typeof Issuer> {
  const { jwks, audience, algorithms, accounts, conditions, network, ...rest } = issuer
  return {
    ...rest,
    jwks: jwks === null ? null : { keys: jwks.keys.map((key) => ({ ...key })) },
    audience: [...audience],
    algorithms: [...algorithms],
    accounts: [...accounts],
    conditions: Object.fromEntries(Object.entries(conditions).map(([claim, values]) => [claim, [...values]])),
    network: presentNetwork(network),
  }
}
