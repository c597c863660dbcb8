import { type Answer, PlainBrowser } from '../sign_in/browser.ts'

const MOST_STEPS = 15

/** Somebody with a browser who is sent from one site to another: each site has its own cookies. */
export class Traveller {
  /** Every address that was asked for, in order. */
  readonly trail: string[] = []
  readonly #sites = new Map<string, PlainBrowser>()
  /** Of the page that he is at. */
  url = ''
  page: Answer | undefined

  /** To the page at the end of all redirects. `stopAt`: an address that begins so is not asked for; it is where he stands then. */
  async go(url: string, stopAt?: string): Promise<Answer> {
    return this.#follow(url, await this.#get(url), stopAt)
  }

  /** Fills in the form of the page whose action has this in it, and goes on from there. */
  async submit(action: string, typed: Readonly<Record<string, string>> = {}, stopAt?: string): Promise<Answer> {
    const site = this.site(new URL(this.url).origin)
    this.trail.push(new URL(site.form(action).action, this.url).href)
    return this.#follow(this.url, await site.submit(action, typed), stopAt)
  }

  site(origin: string): PlainBrowser {
    const known = this.#sites.get(origin) ?? new PlainBrowser(origin)
    this.#sites.set(origin, known)
    return known
  }

  async #get(url: string): Promise<Answer> {
    this.trail.push(url)
    return this.site(new URL(url).origin).get(url)
  }

  async #follow(from: string, first: Answer, stopAt: string | undefined): Promise<Answer> {
    let [at, answer] = [from, first]
    for (let step = 0; answer.location !== undefined; step++) {
      if (step === MOST_STEPS) throw new Error(`sent round and round: ${this.trail.join('\n')}`)
      at = new URL(answer.location, at).href
      if (stopAt !== undefined && at.startsWith(stopAt)) break
      answer = await this.#get(at)
    }
    this.url = at
    this.page = answer
    return answer
  }
}
