import type { z } from 'zod'
import type { FieldError } from '../core/errors.ts'
import { openIdOf } from './client_openid_changing.ts'
import { type ClientCreate, ClientWhole } from './client_schemas.ts'
import { CLIENT_TEMPLATES } from './client_templates/index.ts'
import { filledIn } from './client_templates/template.ts'
import { invalid } from './faults.ts'
import { given } from './given.ts'

type Asked = z.output<typeof ClientCreate>

/** What is asked for, over what the template says, over what is usual. Throws 400. */
export function wholeClient({ template, url, openid, ...asked }: Asked): z.output<typeof ClientWhole> {
  const faults = templateFaults({ template, url })
  if (faults.length > 0) throw invalid('The application is not valid.', faults)
  const { openid: needed, ...ofTemplate } =
    template === undefined || url === undefined ? {} : CLIENT_TEMPLATES[template].fields(url)
  const ofOpenId = openIdOf(needed === undefined ? null : openIdOf(null, needed as never), openid)
  // An application that nobody is sent back to is one whose rules say so: they are asked later.
  const usual = ofOpenId === null ? {} : { redirect_uris: [] }
  const result = ClientWhole.safeParse({ ...usual, ...ofTemplate, ...given(asked), openid: ofOpenId })
  if (result.success) return result.data
  const missing = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  throw invalid('The application is not valid.', missing)
}

function templateFaults({ template, url }: Pick<Asked, 'template' | 'url'>): FieldError[] {
  if (template !== undefined && url === undefined)
    return [{ path: 'url', message: 'is required with a template: where the application is' }]
  if (template === undefined && url !== undefined)
    return [{ path: 'url', message: 'goes with a template; without one give redirect_uris' }]
  return []
}

/** What is set at the application. The secret is in its own field only: this one is kept, and shown again. */
export function instructionsFor({ template, url }: Asked, clientId: string, publicUrl: string): string[] {
  if (template === undefined || url === undefined) return []
  const told = { issuer: `${publicUrl.replace(/\/+$/, '')}/oidc`, client_id: clientId }
  return filledIn(CLIENT_TEMPLATES[template].instructions(url), told)
}

export function templateWarnings({ template }: Asked, { allow }: { allow: { authenticated: boolean } }): string[] {
  if (template === undefined || !allow.authenticated) return []
  return ['allow: everybody who signs in may use it; name accounts, groups or organizations for fewer']
}
