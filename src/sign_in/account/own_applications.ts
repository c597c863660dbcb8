import { type AccountParts, NotOwn, type Own } from './own.ts'

/** Applications that know him by the OpenID provider; the latest first. */
export async function listApplications({ access }: AccountParts, { account }: Own) {
  const found = await access.of(account.id)
  return found
    .toSorted((a, b) => b.since.localeCompare(a.since) || a.client.localeCompare(b.client))
    .map(({ client: id, name, since, scopes, signed_in: signedIn, offline }) => ({
      ...{ id, name, since },
      ...{ scopes, signedIn, offline },
    }))
}

export async function revokeApplication({ access }: AccountParts, { account }: Own, id: string): Promise<void> {
  if (!(await access.revoke(account.id, id))) throw new NotOwn('no such application')
  await access.forget(account.id, id)
}

export async function applicationName({ access }: AccountParts, { account }: Own, id: string): Promise<string> {
  const found = (await access.of(account.id)).find(({ client }) => client === id)
  if (found === undefined) throw new NotOwn('no such application')
  return found.name
}
