import { PURPOSES } from '../../src/core/purposes.ts'
import { openPeople, type People } from '../../src/gateway/people.ts'
import { openInstallation } from '../../src/installation/open.ts'
import { PeopleSecrets } from '../../src/sign_in/secrets.ts'
import type { NewSession, StartedSession } from '../../src/sign_in/sessions.ts'
import type { OpenStore } from '../../src/store/open.ts'
import type { TestGate } from './gate.ts'

/** The gate's own parts on the gate's own store, as another process would have them: sessions without the forms in front. */
export interface GatePeople extends People {
  readonly open: OpenStore
  /** At our own address, as if the person had come by a form. */
  signIn(account: string, more?: Partial<NewSession>): Promise<StartedSession>
  /** What `/sign-in` does with a link of forward-auth for somebody who is signed in: where it leads the browser. */
  leadOn(started: StartedSession, link: string): Promise<string>
  close(): Promise<void>
}

export async function peopleOf({ url, settings }: Pick<TestGate, 'url' | 'settings'>): Promise<GatePeople> {
  const { open, ring } = await openInstallation(settings)
  const people = openPeople({
    ...open,
    secrets: new PeopleSecrets(ring.derivedKey(PURPOSES.people), ring.sealer(PURPOSES.peopleSeals)),
    limits: settings,
    publicUrl: settings.public_url?.replace(/\/$/, '') ?? url,
    log: console,
    now: () => Date.now(),
  })
  return {
    ...people,
    open,
    signIn: (account, more = {}) =>
      people.sessions.start({
        account,
        method: 'password',
        amr: ['pwd'],
        acr: null,
        authTime: new Date().toISOString(),
        organization: null,
        idToken: null,
        address: '192.0.2.7',
        userAgent: 'a form',
        ...more,
      }),
    async leadOn({ session }, link) {
      const query = new URL(link).searchParams
      const { towards } = await people.hostSessions.towards(
        query.get('return_to') ?? '',
        query.get('binding') ?? undefined,
      )
      if (towards.kind !== 'host') throw new Error(`${link} does not lead to a host`)
      return people.hostSessions.codeFor(session, towards)
    },
    async close() {
      await people.uses.close()
      await open.close()
    },
  }
}
