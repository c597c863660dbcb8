interface Payload {
  readonly uid?: string
  readonly grantId?: string
  consumed?: number
}

/** What the library keeps, in memory: one `Store` for each kind of thing. `forget` empties some of them. */
export function memoryStores() {
  const all = new Map<string, Payload>()
  class Store {
    private readonly kind: string

    constructor(kind: string) {
      this.kind = kind
    }

    async upsert(id: string, payload: Payload) {
      all.set(this.key(id), payload)
    }

    async find(id: string) {
      return all.get(this.key(id))
    }

    async findByUid(uid: string) {
      return [...all].find(([key, payload]) => key.startsWith(this.key('')) && payload.uid === uid)?.[1]
    }

    async consume(id: string) {
      const payload = all.get(this.key(id))
      if (payload) payload.consumed = Math.floor(Date.now() / 1000)
    }

    async destroy(id: string) {
      all.delete(this.key(id))
    }

    async revokeByGrantId(grantId: string) {
      for (const [key, payload] of all) if (payload.grantId === grantId) all.delete(key)
    }

    private key(id: string) {
      return `${this.kind}:${id}`
    }
  }

  const forget = (...kinds: string[]) => {
    for (const key of all.keys()) if (kinds.includes(key.split(':', 1)[0] ?? '')) all.delete(key)
  }
  return { Store, forget }
}
