/** What the vault derives keys for. A purpose that is renamed makes another key: what was made with the old one is lost. */
export const PURPOSES = {
  /** Recognising API keys by their hash. */
  keyHash: 'api keys',
  /** The audit chain. */
  audit: 'audit',
  /** Recognising idempotency keys and bodies. */
  replayHash: 'replay',
  /** Recognising what a connect session hands out: its link, its cookie, its code. */
  connect: 'connect sessions',
  /** The seal at the end of a backup. */
  backup: 'backups',
  /** Sealing the signing secrets of webhooks. */
  webhooks: 'webhook secrets',
  /** Recognising session tokens, codes, links and cookies of people. */
  people: 'people',
  /** Sealing flows, tickets, id_tokens and second factors. It stands in addresses and cookies: no space in it. */
  peopleSeals: 'people_seals',
  /** Sealing the secrets of sign-in methods. */
  signInMethods: 'sign-in methods',
  /** Recognising the secrets of applications. */
  clients: 'clients',
  /** Recognising and sealing what the OpenID provider keeps. */
  provider: 'openid provider',
  /** Sealing the keys that sign assertions. */
  signing: 'signing keys',
} as const
