import { OctroiError } from '../../core/errors.ts'
import { endpointFault } from '../connectors/places.ts'
import type { Template } from '../connectors/template.ts'
import type { ConnectionSettings } from '../scheme.ts'

/**
 * The address behind the template of an endpoint. Settings are checked when they are given, but a whole address only exists once
 * they are put together: a fault is `invalid_request` that names the settings.
 */
export function endpointOf(template: Template, connection: ConnectionSettings): string {
  const { settings } = connection
  const address = template.render({ settings })
  const fault = address === undefined ? 'needs a setting that is not given' : endpointFault(address)
  if (address !== undefined && fault === undefined) return beside(address, connection)
  const message = `the address ${template.text} ${fault}`
  const paths = template.references.length === 0 ? ['settings'] : template.references
  throw new OctroiError('invalid_request', `The settings are not valid: ${message}.`, {
    errors: paths.map((path) => ({ path, message })),
  })
}

/**
 * What stands at the service's own origin moves along when the connection has the service elsewhere (`settings.base_url`): the token
 * endpoint of a sandbox is the sandbox's. An address that the connection itself names stays where it is.
 */
export function beside(address: string, { connector, settings }: ConnectionSettings): string {
  const { base_url, ...others } = settings
  if (base_url === undefined || Object.hasOwn(connector.settings, 'base_url')) return address
  const isNamed = Object.entries(others).some(
    ([name, value]) => value === address && value !== connector.settings[name]?.default,
  )
  const usual = URL.parse(connector.compiled.base_url.render({ settings: others }) ?? '')
  const url = new URL(address)
  if (isNamed || usual?.origin !== url.origin) return address
  return `${new URL(base_url).origin}${address.slice(url.origin.length)}`
}
