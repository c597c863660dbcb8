import { z } from 'zod'

/** Where a browser is sent with a code: compared exactly, so that it stays as it was written (RFC 9700 §2.1, §4.1.3). */
export const RedirectUri = z
  .string()
  .max(2_048)
  .superRefine((value, context) => {
    const fault = redirectFault(value)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })

/** Scheme, host and port in one notation, and nothing before the host that could be read as another one. */
const SHAPE =
  /^(https?):\/\/((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?(?:[/?]|$)/

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

function redirectFault(value: string): string | undefined {
  if (/[^\x21-\x7e]|[\\"<>^`{|}]/.test(value)) return 'may hold printable ASCII only, as an address has it'
  if (value.includes('#')) return 'may not have a fragment'
  if (value.includes('*')) return 'may not have a wildcard: addresses are compared exactly'
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/?]*@/i.test(value)) return 'may not hold a user name or password'
  const [, scheme, host = ''] = SHAPE.exec(value) ?? []
  if (scheme === undefined || !URL.canParse(value) || new URL(value).hostname !== host)
    return 'must be an absolute https:// address, its host in small letters'
  if (/(?:^|\/)(?:\.|%2e){1,2}(?:[/?]|$)/i.test(value.replace(/^[^:]+:\/\/[^/?]*/, '')))
    return 'may not have "." or ".." in its path'
  return scheme === 'https' || LOOPBACK.test(host) ? undefined : 'must be https:// (http:// on loopback only)'
}
