/** Where a value is in an answer: keys of objects (any text, dots and slashes too) and places in lists (`0`). */
export type JsonPath = readonly string[]

/** `undefined` where there is nothing. Own properties only: `constructor` is nowhere. */
export function valueAt(json: unknown, path: JsonPath): unknown {
  let value = json
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined
    value = (value as Record<string, unknown>)[key]
  }
  return value
}

/** As text: what services write as a number or a boolean (ids, expiries) reads the same. Objects and `null` are nothing. */
export function textAt(json: unknown, path: JsonPath): string | undefined {
  const value = valueAt(json, path)
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** `undefined` for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
