import { Generations } from '../../core/generations.ts'
import type { AccountAdmissions } from '../account_admissions.ts'
import { subjectIn } from '../certificate_subject.ts'
import type { Authenticator, Found } from './authenticator.ts'

const CAPACITY = 1_000

/**
 * A client certificate that a trusted proxy verified, by its subject. The entrance reads the header from trusted proxies only; here
 * nothing is verified but that the subject is one of an account.
 */
export function mtlsAuthenticator(accounts: AccountAdmissions): Authenticator {
  const subjects = new Generations<string, string>(CAPACITY)
  return {
    kind: 'mtls',
    find({ presented: { certificate }, version }) {
      if (certificate === null) return null
      let subject = subjects.get(certificate)
      if (subject === undefined) {
        subject = subjectIn(certificate)
        if (subject === undefined) return undefined
        subjects.set(certificate, subject)
      }
      const known = accounts.findCertificate(version, subject)
      return known instanceof Promise ? known.then((found): Found => found?.as('mtls')) : known?.as('mtls')
    },
  }
}
