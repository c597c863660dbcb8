import { type Json, type JsonMap, Refusal } from './paheko_answers.ts'
import { type Params, textOf } from './paheko_params.ts'

interface Member {
  readonly id: number
  category: number
  name: string
  email: string | null
  updated: string
}

const CATEGORIES = [
  { id: 3, name: 'Administrateurs', perm: 9, connect: 1, hidden: 0 },
  { id: 2, name: 'Anciens membres', perm: 0, connect: 0, hidden: 1 },
  { id: 1, name: 'Membres actifs', perm: 0, connect: 1, hidden: 0 },
]

const SEED = '2026-11-21 22:08:49'

/** The members of the stand-in and their categories. */
export class Members {
  #lastId = 4
  #members: Member[] = [
    { id: 1, category: 3, name: 'Alice Admin', email: 'alice@octroi.test', updated: SEED },
    { id: 2, category: 1, name: 'Bob Membre', email: 'bob@octroi.test', updated: SEED },
    { id: 3, category: 2, name: 'Chloé Partie', email: 'chloe@octroi.test', updated: SEED },
    { id: 4, category: 1, name: 'Denis Actif', email: null, updated: SEED },
  ]

  get(id: number): Member | undefined {
    return this.#members.find((member) => member.id === id)
  }

  list(category?: number): Json[] {
    return this.#members.filter((member) => category === undefined || member.category === category).map(memberJson)
  }

  /** Ordered by name, which JSON objects with numeric keys in JavaScript would not keep. */
  categories(): JsonMap {
    return new Map(CATEGORIES.map((category) => [String(category.id), this.#category(category)]))
  }

  #category({ id, name, perm, connect, hidden }: (typeof CATEGORIES)[number]): Json {
    return {
      id,
      name,
      perm_web: perm,
      perm_documents: perm,
      perm_users: perm,
      perm_accounting: perm,
      perm_subscribe: 0,
      perm_connect: connect,
      perm_config: perm,
      hidden,
      allow_passwordless_login: 0,
      force_otp: 0,
      force_pgp: 0,
      count: this.#members.filter((member) => member.category === id).length,
    }
  }

  /** Checks a new member; what comes back writes it. */
  prepare(params: Params): () => Member {
    const name = textOf(params, 'nom')
    if (name === undefined) throw new Refusal(400, 'Le champ nom ne peut rester vide.')
    if (this.#members.some((member) => member.name === name)) throw new Refusal(409, 'Un membre porte déjà ce nom.')
    return () => this.#add(name, textOf(params, 'email') ?? null, Number(textOf(params, 'id_category') ?? 1))
  }

  edit(member: Member, params: Params): void {
    member.name = textOf(params, 'nom') ?? member.name
    member.email = textOf(params, 'email') ?? member.email
    member.category = Number(textOf(params, 'id_category') ?? member.category)
    member.updated = stamp()
  }

  remove(member: Member): void {
    this.#members = this.#members.filter((other) => other !== member)
  }

  /** A CSV file with a heading line, the name first: enough to see that an import went through. */
  import(csv: string): void {
    const rows = csv
      .split(/\r?\n/)
      .slice(1)
      .filter((row) => row.trim() !== '')
    for (const [name = '', email] of rows.map((row) => row.split(/[,;]/))) this.#add(name, email ?? null, 1)
  }

  #add(name: string, email: string | null, category: number): Member {
    const member = { id: ++this.#lastId, category, name, email, updated: stamp() }
    this.#members.push(member)
    return member
  }
}

function stamp(): string {
  return new Date().toISOString().slice(0, 19).replace('T', ' ')
}

export function memberJson(member: Member): Json {
  return {
    has_password: false,
    has_otp: false,
    has_pgp_key: false,
    id: member.id,
    id_category: member.category,
    date_login: null,
    date_updated: member.updated,
    id_parent: null,
    is_parent: false,
    preferences: null,
    numero: member.id,
    nom: member.name,
    email: member.email,
    adresse: null,
    code_postal: null,
    ville: null,
    telephone: null,
    lettre_infos: false,
    date_inscription: null,
  }
}
