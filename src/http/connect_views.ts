import type { Fault } from '../outbound/onboarding/faults.ts'
import type { AuthoriseStage, ChooseStage, FormStage, Stage } from '../outbound/onboarding/stage.ts'
import { SCHEMES } from '../outbound/schemes/index.ts'
import {
  type ConnectField,
  connectAuthorise,
  connectChoose,
  connectDone,
  connectEnded,
  connectForm,
  connectOnward,
  connectRefused,
} from '../pages/connect.ts'
import type { Page, Surroundings } from '../pages/page.ts'

/** What a page needs besides what happened. */
export interface Around extends Surroundings {
  /** The path of the public URL, without a trailing slash. */
  readonly basePath: string
  csrf(link: string): string
}

/** What happened → the page that says so. */
export function pageOf(stage: Stage, around: Around): Page {
  if (stage.kind === 'ended') return connectEnded({ ...around, reason: stage.reason, service: stage.service })
  const view = { ...around, service: stage.connector.name }
  const action = `${around.basePath}/connect/${stage.link}`
  switch (stage.kind) {
    case 'form':
      return formPage(stage, view, action)
    case 'authorise':
      return authorisePage(stage, view, action)
    case 'onward':
      return connectOnward({ ...view, target: stage.target })
    case 'choose':
      return choosePage(stage, view, action)
    case 'done':
      return connectDone({ ...view, identity: stage.identity ?? undefined })
    case 'refused':
      return connectRefused({ ...view, by: stage.by, detail: stage.detail, retry: action })
  }
}

type View = Around & { readonly service: string }

function formPage(stage: FormStage, view: View, action: string): Page {
  const ways = stage.schemes.map((scheme) => ({
    scheme,
    title: SCHEMES[scheme]?.title ?? scheme,
    address: `${action}?scheme=${scheme}`,
  }))
  return connectForm({
    ...view,
    address: action,
    action,
    csrf: view.csrf(stage.link),
    docs: stage.connector.docs,
    scheme: stage.scheme,
    fields: fieldsOf(stage),
    ways: ways.length > 1 ? ways : undefined,
    next: stage.leadsOn ? 'service' : 'connected',
    redirectUri: stage.redirectUri,
    again: stage.again,
    ...faultOf(stage),
  })
}

/** What is wrong with fields that are there is said at them; all else, above. */
function faultOf({ fault, settings, secrets }: FormStage): { fault?: Fault['code']; detail?: string } {
  if (fault === undefined) return {}
  const shown = [...settings.map(([name]) => `settings.${name}`), ...secrets.map(([name]) => `secrets.${name}`)]
  const isAtFields = fault.errors.length > 0 && fault.errors.every(({ path }) => shown.includes(path))
  return fault.code === 'invalid_request' && isAtFields ? {} : { fault: fault.code, detail: fault.detail }
}

function fieldsOf({ settings, secrets, values, fault }: FormStage): ConnectField[] {
  const errorAt = (path: string) => fault?.errors.find((error) => error.path === path)?.message
  return [
    ...settings.map(([name, field]) => ({
      name,
      kind: 'setting' as const,
      title: field.title,
      description: field.description,
      example: field.example,
      default: field.default,
      format: field.format,
      options: field.enum,
      optional: field.optional,
      value: Object.hasOwn(values, name) ? values[name] : field.default,
      error: errorAt(`settings.${name}`),
    })),
    ...secrets.map(([name, field]) => ({
      name,
      kind: 'secret' as const,
      title: field.title,
      description: field.description,
      optional: field.optional,
      secret: field.secret,
      multiline: field.multiline,
      error: errorAt(`secrets.${name}`),
    })),
  ]
}

function authorisePage({ connector, link, signInHost, again }: AuthoriseStage, view: View, action: string): Page {
  return connectAuthorise({
    ...view,
    address: action,
    action,
    csrf: view.csrf(link),
    docs: connector.docs,
    signInHost,
    again,
  })
}

function choosePage({ link, accounts, fault }: ChooseStage, view: View, action: string): Page {
  return connectChoose({
    ...view,
    address: action,
    action,
    csrf: view.csrf(link),
    accounts,
    fault: fault ? 'unchosen' : undefined,
  })
}
