import { OctroiError } from '../../core/errors.ts'
import { endpointFault } from '../places.ts'
import type { ConnectionSettings } from '../scheme.ts'
import type { Template } from '../template.ts'

/**
 * The address behind the template of an endpoint. Settings are checked when they are given, but a whole address only exists once
 * they are put together: a fault is `invalid_request` that names the settings.
 */
export function endpointOf(template: Template, { settings }: ConnectionSettings): string {
  const address = template.render({ settings })
  const fault = address === undefined ? 'needs a setting that is not given' : endpointFault(address)
  if (address !== undefined && fault === undefined) return address
  const message = `the address ${template.text} ${fault}`
  const paths = template.references.length === 0 ? ['settings'] : template.references
  throw new OctroiError('invalid_request', `The settings are not valid: ${message}.`, {
    errors: paths.map((path) => ({ path, message })),
  })
}
