import type { SignInKind } from '../../core/people_types.ts'
import { ldapKind } from './ldap.ts'
import type { MethodKind } from './method_kind.ts'
import { oidcKind } from './oidc.ts'
import { passkeyKind } from './passkey.ts'
import { passwordKind } from './password.ts'

/** Every kind of sign-in method; its file says what an administrator sets and how people prove themselves by it. */
export const METHOD_KINDS: Readonly<Record<SignInKind, MethodKind>> = {
  password: passwordKind,
  ldap: ldapKind,
  oidc: oidcKind,
  passkey: passkeyKind,
}
