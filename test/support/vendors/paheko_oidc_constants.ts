/** What `config.local.php` says of a provider, and of where Paheko itself is. */
export interface PahekoConstants {
  readonly OIDC_CLIENT_URL: string
  readonly OIDC_CLIENT_ID: string
  readonly OIDC_CLIENT_SECRET: string
  /** What stands on the button of the login page; null: the login page leads to the provider by itself. */
  readonly OIDC_CLIENT_BUTTON: string | null
  /** A member is found by the address that the provider gives. */
  readonly OIDC_CLIENT_MATCH_EMAIL: true
  /** With a slash at its end. */
  readonly ADMIN_URL: string
}

const LINE = /^\s*(?:const\s+(\w+)\s*=|define\('(\w+)',)\s*(?:'((?:[^'\\]|\\.)*)'|(null|true|false))\s*\)?;/gm

/** Reads the lines that a person writes into it: strings in single quotes, `null`, `true`, `false`. What is missing throws. */
export function readConstants(php: string): PahekoConstants {
  const set = new Map<string, string | boolean | null>()
  for (const [, constant, defined, text, word] of php.matchAll(LINE))
    set.set(
      constant ?? defined ?? '',
      text === undefined ? (JSON.parse(word ?? 'null') as boolean | null) : text.replace(/\\([\\'])/g, '$1'),
    )
  const string = (name: string) => {
    const value = set.get(name)
    if (typeof value !== 'string' || value === '') throw new Error(`config.local.php sets no ${name}`)
    return value
  }
  const button = set.get('OIDC_CLIENT_BUTTON')
  if (typeof button === 'boolean' || button === undefined)
    throw new Error('config.local.php sets no OIDC_CLIENT_BUTTON')
  if (set.get('OIDC_CLIENT_MATCH_EMAIL') !== true) throw new Error('the stand-in finds members by address alone')
  return {
    OIDC_CLIENT_URL: string('OIDC_CLIENT_URL'),
    OIDC_CLIENT_ID: string('OIDC_CLIENT_ID'),
    OIDC_CLIENT_SECRET: string('OIDC_CLIENT_SECRET'),
    OIDC_CLIENT_BUTTON: button,
    OIDC_CLIENT_MATCH_EMAIL: true,
    ADMIN_URL: set.has('ADMIN_URL') ? string('ADMIN_URL') : `${string('WWW_URL')}admin/`,
  }
}

/** The lines for these constants. */
export function writeConstants(constants: PahekoConstants): string {
  const value = (given: string | boolean | null) =>
    typeof given === 'string' ? `'${given.replace(/[\\']/g, '\\$&')}'` : String(given)
  const lines = Object.entries(constants).map(([name, given]) => `const ${name} = ${value(given)};`)
  return `<?php\nnamespace Paheko;\n\n${lines.join('\n')}\n`
}
