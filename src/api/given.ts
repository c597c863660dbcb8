type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The fields of a PATCH that were given: `null` is a value, what was left out is not. */
export function given<T extends object>(fields: T): Given<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<T>
}

/** What an event tells of a change: which fields, not what is in them. */
export function changedFields(fields: object): { readonly fields: readonly string[] } {
  return { fields: Object.keys(given(fields)).sort() }
}
