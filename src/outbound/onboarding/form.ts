import { OctroiError } from '../../core/errors.ts'
import { validateSettings } from '../connection_input.ts'
import { ownSecrets, requireAppAddresses } from '../connector_app.ts'
import type { Listener } from '../egress.ts'
import { checkOrigin } from '../origin_check.ts'
import type { Values } from '../scheme.ts'
import type { Candidates } from './candidates.ts'
import type { Draft } from './draft.ts'
import { needsConsent, questionsFor } from './questions.ts'
import type { FormStage } from './stage.ts'

/** What a form posted; `browser` is the cookie of the browser that posted it. */
export interface Submission {
  readonly scheme?: string | undefined
  readonly settings: Values
  readonly secrets: Values
}

/** The form of a draft, empty. */
export async function formOf(candidates: Candidates, draft: Draft, scheme: string): Promise<FormStage> {
  const connector = candidates.connector(draft)
  const held = await candidates.held({ ...draft, connection: { ...draft.connection, scheme } })
  const { settings, secrets } = questionsFor(connector, draft, scheme, held.connection.app !== null)
  return {
    kind: 'form',
    connector,
    link: draft.link,
    scheme,
    schemes: draft.schemes,
    settings,
    secrets,
    values: {},
    errors: [],
    leadsOn: needsConsent({ ...held, token: draft.token }),
    again: draft.exists,
  }
}

/** The draft with what was typed, checked as far as it can be without the service. */
export async function withInput(
  candidates: Candidates,
  listeners: () => readonly Listener[],
  draft: Draft,
  { scheme = '', settings, secrets }: Submission,
): Promise<Draft> {
  if (!draft.schemes.includes(scheme)) throw new OctroiError('invalid_request', `There is no way ${scheme} to connect.`)
  const connector = candidates.connector(draft)
  const asked = { ...draft, connection: { ...draft.connection, scheme } }
  const app = await candidates.app(asked)
  const questions = questionsFor(connector, asked, scheme, app !== undefined)
  const only = (values: Values, names: readonly (readonly [string, unknown])[]) =>
    Object.fromEntries(
      names.flatMap(([name]) => (values[name] === undefined || values[name] === '' ? [] : [[name, values[name]]])),
    )
  const kept =
    questions.secrets.length === 0
      ? draft.secrets
      : ownSecrets(connector, scheme, only(secrets, questions.secrets), app)
  const connection = draft.exists
    ? asked.connection
    : {
        ...asked.connection,
        app: app?.app.connector ?? null,
        settings: validateSettings(connector, {
          ...draft.connection.settings,
          ...only(settings, questions.settings),
        }),
      }
  requireAppAddresses(connector, connection, app)
  const next = { ...draft, connection, secrets: kept }
  await checkOrigin(listeners, connector, (await candidates.held(next)).connection)
  return next
}
