import type { Command } from './command.ts'

/** One line per noun. The file behind it is only read when the noun is used, so that `octroi serve` loads no prompts. */
export interface Noun {
  readonly name: string
  readonly summary: string
  load(): Promise<readonly Command[]>
}

export const NOUNS: readonly Noun[] = [
  {
    name: 'init',
    summary: 'Make the data folder, the master key and the first administrator key',
    load: async () => (await import('./init.ts')).commands,
  },
  { name: 'serve', summary: 'Run the gate', load: async () => (await import('./serve.ts')).commands },
  {
    name: 'status',
    summary: 'What runs there and how it is',
    load: async () => (await import('./status.ts')).commands,
  },
  {
    name: 'connector',
    summary: 'The services that Octroi knows how to sign for',
    load: async () => (await import('./connector.ts')).commands,
  },
  {
    name: 'connection',
    summary: 'Accounts at those services, with their sealed secrets',
    load: async () => (await import('./connection.ts')).commands,
  },
  {
    name: 'key',
    summary: 'API keys of programs, and what each may do',
    load: async () => (await import('./key.ts')).commands,
  },
  {
    name: 'account',
    summary: 'The people and programs that keys belong to',
    load: async () => (await import('./account.ts')).commands,
  },
  {
    name: 'group',
    summary: 'Groups of accounts and keys, which routes allow',
    load: async () => (await import('./group.ts')).commands,
  },
  {
    name: 'organization',
    summary: 'For whom people act',
    load: async () => (await import('./organization.ts')).commands,
  },
  {
    name: 'sign-in-method',
    summary: 'How people sign in: passwords, directories, OpenID providers, passkeys',
    load: async () => (await import('./sign_in_method.ts')).commands,
  },
  {
    name: 'session',
    summary: 'Who is signed in',
    load: async () => (await import('./session.ts')).commands,
  },
  {
    name: 'client',
    summary: 'Applications whose people sign in through Octroi',
    load: async () => (await import('./client.ts')).commands,
  },
  {
    name: 'route',
    summary: 'Who may call the applications behind your proxy',
    load: async () => (await import('./route.ts')).commands,
  },
  {
    name: 'issuer',
    summary: 'Whose JWTs are believed',
    load: async () => (await import('./issuer.ts')).commands,
  },
  {
    name: 'run',
    summary: 'Run a program with the secrets of a connection in its environment',
    load: async () => (await import('./run_child.ts')).commands,
  },
  {
    name: 'render',
    summary: 'Fill the secrets of connections into a file',
    load: async () => (await import('./render.ts')).commands,
  },
  { name: 'audit', summary: 'Who did what', load: async () => (await import('./audit.ts')).commands },
  {
    name: 'event',
    summary: 'What happened to connections, keys and accounts',
    load: async () => (await import('./event.ts')).commands,
  },
  {
    name: 'webhook',
    summary: 'Addresses that are told what happened',
    load: async () => (await import('./webhook.ts')).commands,
  },
  {
    name: 'export',
    summary: 'Write accounts, routes, connections and keys as a file, without any secret',
    load: async () => (await import('./export.ts')).commands,
  },
  {
    name: 'apply',
    summary: 'Make the server what a file says',
    load: async () => (await import('./apply.ts')).commands,
  },
  {
    name: 'vault',
    summary: 'The keys that seal the secrets',
    load: async () => (await import('./vault.ts')).commands,
  },
  {
    name: 'backup',
    summary: 'Write everything but the master key into one file',
    load: async () => (await import('./backup.ts')).commands,
  },
  {
    name: 'restore',
    summary: 'Make an installation from a backup',
    load: async () => (await import('./restore.ts')).commands,
  },
  {
    name: 'doctor',
    summary: 'Look for what is wrong or will be',
    load: async () => (await import('./doctor.ts')).commands,
  },
]

/** Every command, loaded: for the reference. */
export async function allCommands(): Promise<Command[]> {
  return (await Promise.all(NOUNS.map((noun) => noun.load()))).flat()
}
