/**
 * The pages on which somebody connects an account at a service: pure functions from what is known to a page with its headers.
 *
 * | page | when |
 * |---|---|
 * | `connectForm` | the service wants settings and secrets |
 * | `connectAuthorise` | the service wants the person: it signs in there and approves |
 * | `connectOnward` | the answer to a POST that leads to the service, or back to the application |
 * | `connectChoose` | the person has several accounts at the service |
 * | `connectCode` | a code has to go back to whoever sent the link |
 * | `connectDone` | it works |
 * | `connectEnded`, `connectRefused`, `connectFailed` | the link is spent; somebody said no; we could not |
 * | `connectStopped` | what the browser sent is not taken |
 */
export { connectForm } from './connect_form.ts'
export {
  connectCode,
  connectDone,
  connectEnded,
  connectFailed,
  connectRefused,
  connectStopped,
} from './connect_outcomes.ts'
export { connectAuthorise, connectChoose, connectOnward } from './connect_steps.ts'
export type * from './connect_view.ts'
