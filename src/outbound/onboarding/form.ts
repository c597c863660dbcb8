import { OctroiError } from '../../core/errors.ts'
import { ownSecrets, requireAppAddresses } from '../connections/connector_app.ts'
import { checkOrigin } from '../connections/origin_check.ts'
import { validateSettings } from '../connectors/connection_input.ts'
import type { Listener } from '../network/egress.ts'
import type { Values } from '../scheme.ts'
import { callbackPath } from './callback.ts'
import type { Candidates } from './candidates.ts'
import type { Draft } from './draft.ts'
import { needsConsent, questionsFor } from './questions.ts'
import type { FormStage } from './stage.ts'

/** What a form posted. */
export interface Submission {
  readonly scheme?: string | undefined
  readonly settings: Values
  readonly secrets: Values
}

/** The form of a draft, with what is known of it already; secrets that were given before are not asked for again. */
export async function formOf(
  candidates: Candidates,
  draft: Draft,
  scheme: string,
  publicUrl: string,
): Promise<FormStage> {
  const connector = candidates.connector(draft)
  const asked = await candidates.withScheme(draft, scheme)
  const held = await candidates.held(asked)
  const { app } = held.connection
  const { settings, secrets } = questionsFor(connector, asked, scheme, app !== null)
  const leadsOn = needsConsent({ ...held, token: draft.token })
  const isRegistered = leadsOn && app === null && secrets.some(([, { scope }]) => scope === 'app')
  return {
    kind: 'form',
    connector,
    link: draft.link,
    scheme,
    schemes: draft.schemes,
    settings,
    secrets,
    values: draft.connection.settings,
    leadsOn,
    redirectUri: isRegistered ? `${publicUrl}${callbackPath(held.connection)}` : undefined,
    again: draft.before?.again === true,
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
  const asked = await candidates.withScheme(draft, scheme)
  const app = await candidates.app(asked)
  const questions = questionsFor(connector, asked, scheme, app !== undefined)
  const mayKeep = draft.before !== null && questions.secrets.length === 0
  const given = { ...asked.secrets, ...only(secrets, questions.secrets) }
  const connection =
    draft.before !== null
      ? asked.connection
      : {
          ...asked.connection,
          settings: validateSettings(connector, {
            ...without(draft.connection.settings, questions.settings),
            ...only(settings, questions.settings),
          }),
        }
  requireAppAddresses(connector, connection, app)
  const next = { ...asked, connection, secrets: mayKeep ? {} : ownSecrets(connector, scheme, given, app) }
  await checkOrigin(listeners, connector, (await candidates.held(next)).connection)
  return next
}

/** What is asked for and left empty is not what it was before. */
function without(values: Values, questions: readonly (readonly [string, unknown])[]): Values {
  const names = questions.map(([name]) => name)
  return Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)))
}

/** What was asked for and filled in. */
function only(values: Values, questions: readonly (readonly [string, unknown])[]): Values {
  return Object.fromEntries(
    questions.flatMap(([name]) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      return value === undefined || value === '' ? [] : [[name, value]]
    }),
  )
}
