import { applicationsPage } from './account_applications.ts'
import { confirmPage, gonePage } from './account_confirm.ts'
import { emailsPage, identitiesPage, verifyEmailPage } from './account_emails.ts'
import {
  authenticatorsPage,
  newAuthenticatorPage,
  newPasskeyPage,
  newRecoveryCodesPage,
  passkeysPage,
  recoveryPage,
} from './account_factors.ts'
import { overviewPage } from './account_overview.ts'
import { passwordPage } from './account_password.ts'
import { sessionsPage, tokensPage } from './account_sessions.ts'
import { type AccountView, DONE, type Done } from './account_view.ts'
import type { Page } from './page.ts'
import type { PeopleSurroundings } from './posting.ts'

/** The pages of `/account`. A fresh proof, where one is wanted, is a stage of sign-in (`choose` with `again`). */
export function accountPage(view: AccountView, around: PeopleSurroundings): Page {
  switch (view.kind) {
    case 'overview':
      return overviewPage(view, around)
    case 'emails':
      return emailsPage(view, around)
    case 'verify_email':
      return verifyEmailPage(view, around)
    case 'identities':
      return identitiesPage(view, around)
    case 'password':
      return passwordPage(view, around)
    case 'passkeys':
      return passkeysPage(view, around)
    case 'new_passkey':
      return newPasskeyPage(view, around)
    case 'authenticators':
      return authenticatorsPage(view, around)
    case 'new_authenticator':
      return newAuthenticatorPage(view, around)
    case 'recovery':
      return recoveryPage(view, around)
    case 'recovery_codes':
      return newRecoveryCodesPage(view, around)
    case 'sessions':
      return sessionsPage(view, around)
    case 'applications':
      return applicationsPage(view, around)
    case 'tokens':
      return tokensPage(view, around)
    case 'confirm':
      return confirmPage(view, around)
    case 'gone':
      return gonePage(view, around)
  }
}

/** `?done=` as it may be shown; anything else is nothing. */
export function doneOf(asked: string | undefined): Done | undefined {
  return DONE.find((code) => code === asked)
}

export * from './account_view.ts'
