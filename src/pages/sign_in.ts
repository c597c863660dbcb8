import type { SignInStage } from '../sign_in/stage.ts'
import type { Page } from './page.ts'
import type { PeopleSurroundings } from './posting.ts'
import { choosePage, passkeyPage, unavailablePage } from './sign_in_choose.ts'
import { failedPage, onwardPage, refusedPage, signedOutPage, signOutPage, stoppedPage } from './sign_in_ended.ts'
import { firstPage, organizationsPage } from './sign_in_first.ts'
import { askResetPage, resetAskedPage, setPasswordPage } from './sign_in_link.ts'
import { enrolPage, recoveryCodesPage, secondFactorPage } from './sign_in_step.ts'

/**
 * What a visit of `/sign-in/...` or `/session/...` came to → the page that says so, with its status. Where forms go, and with what, is the
 * table of `sign_in/stage.ts`; addresses in a stage are whole, with the path of the public URL.
 */
export function signInPage(stage: SignInStage, around: PeopleSurroundings): Page {
  switch (stage.kind) {
    case 'choose':
      return choosePage(stage, around)
    case 'passkey':
      return passkeyPage(stage, around)
    case 'second_factor':
      return secondFactorPage(stage, around)
    case 'enrol':
      return enrolPage(stage, around)
    case 'recovery_codes':
      return recoveryCodesPage(stage, around)
    case 'organizations':
      return organizationsPage(stage, around)
    case 'first':
      return firstPage(stage, around)
    case 'refused':
      return refusedPage(stage, around)
    case 'unavailable':
      return unavailablePage(stage, around)
    case 'stopped':
      return stoppedPage(stage, around)
    case 'failed':
      return failedPage(stage, around)
    case 'onward':
      return onwardPage(stage, around)
    case 'sign_out':
      return signOutPage(stage, around)
    case 'signed_out':
      return signedOutPage(stage, around)
    case 'set_password':
      return setPasswordPage(stage, around)
    case 'ask_reset':
      return askResetPage(stage, around)
    case 'reset_asked':
      return resetAskedPage(around)
  }
}

export type { PeopleSurroundings } from './posting.ts'
