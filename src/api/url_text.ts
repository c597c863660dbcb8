import { z } from 'zod'

/** An address that is called over HTTP. One text per address: what is compared, shown and called is the same. */
export const HttpAddress = z
  .string()
  .max(2_048)
  .superRefine((value, context) => {
    const fault = urlFault(value)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })
  .transform((value) => (urlFault(value) === undefined ? new URL(value).href : value))

function urlFault(value: string): string | undefined {
  if (/[^\x21-\x7e]/.test(value)) return 'may hold printable ASCII only, without spaces'
  if (!/^https?:\/\//i.test(value) || value.includes('\\') || !URL.canParse(value)) {
    return 'must be an https:// address (http:// where network.allow_http is set)'
  }
  const { username, password } = new URL(value)
  if (username !== '' || password !== '') return 'may not hold a user name or password'
  return value.includes('#') ? 'may not have a fragment' : undefined
}
