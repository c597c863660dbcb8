import type { z } from 'zod'
import type { FieldError, OctroiError } from '../core/errors.ts'
import type { SignInKind } from '../core/people_types.ts'
import { METHOD_KINDS } from '../sign_in/methods/index.ts'
import type { MethodKind } from '../sign_in/methods/method_kind.ts'
import { invalid } from './faults.ts'

/** The settings of a sign-in method, by the schema of its kind. */

export function kindOf(kind: SignInKind): MethodKind {
  return METHOD_KINDS[kind] as MethodKind
}

export type Settings = Readonly<Record<string, unknown>>

/** As the kind reads them, with its defaults and those of the preset that they name. Throws 400 with `settings.FIELD`. */
export function readSettings(kind: SignInKind, given: Settings): Settings {
  const result = kindOf(kind).settings.safeParse({ ...presetOf(kind, given), ...given })
  if (result.success) return result.data as Settings
  throw notValid(result.error.issues.flatMap(faultsOf))
}

/** A change adds to what is there; `null` takes away. What an old preset brought goes with it. */
export function changedSettings(kind: SignInKind, before: Settings, given: Settings): Settings {
  const old = presetOf(kind, before)
  const isOther = Object.hasOwn(given, 'preset') && given.preset !== before.preset
  const kept = Object.entries(before).filter(
    ([name, value]) => !(isOther && Object.hasOwn(old, name) && JSON.stringify(old[name]) === JSON.stringify(value)),
  )
  const whole = { ...Object.fromEntries(kept), ...given }
  return readSettings(kind, Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== null)))
}

/** Of an OpenID provider the name of the preset is kept, and what it says is looked up when somebody signs in. */
function presetOf(kind: SignInKind, { preset }: Settings): Settings {
  const { presets = {} } = kind === 'oidc' ? {} : kindOf(kind)
  return typeof preset === 'string' && Object.hasOwn(presets, preset) ? (presets[preset] as Settings) : {}
}

function faultsOf(issue: z.core.$ZodIssue): FieldError[] {
  const path = ['settings', ...issue.path.map(String)]
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }]
  return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }))
}

export function notValid(faults: readonly FieldError[]): OctroiError {
  return invalid('The sign-in method is not valid.', faults)
}
