import type { Admissions } from '../admissions.ts'
import type { Authenticator } from './authenticator.ts'

/** `API-KEY`, `X-API-Key` or `Authorization: Bearer`; and the password of Basic, where nothing else may stand in it. */
export function apiKeyAuthenticator(admissions: Admissions): Authenticator {
  return {
    kind: 'api_key',
    find({ presented, version }) {
      const secret = presented.apiKey ?? presented.bearer ?? presented.basic?.password
      return secret === undefined ? null : admissions.find(version, secret)
    },
  }
}
