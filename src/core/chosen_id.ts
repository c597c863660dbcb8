import { ID_PATTERN, randomId, slug } from './ids.ts'

/** The id asked for, or one made of the name that is free. */
export async function chooseId(
  asked: string | undefined,
  name: string,
  taken: (id: string) => Promise<boolean>,
): Promise<string> {
  if (asked !== undefined) return asked
  const base = slug(name)
  if (ID_PATTERN.test(base) && !(await taken(base))) return base
  const short = base.slice(0, 50).replace(/-+$/, '')
  return short === '' ? randomId(10) : `${short}-${randomId(6)}`
}
