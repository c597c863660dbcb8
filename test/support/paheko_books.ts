import { type Json, type JsonMap, Refusal } from './paheko_answers.ts'
import { isParams, type Params, textOf } from './paheko_params.ts'

const ADMIN_URL = 'https://asso.example.org/admin/'
const CHART = {
  id: 1,
  label: 'Plan comptable associatif (révision 2025)',
  country: 'FR',
  code: 'PCA_2025',
  archived: false,
}
const TYPES = ['ADVANCED', 'REVENUE', 'EXPENSE', 'TRANSFER', 'DEBT', 'CREDIT']

interface Account {
  readonly id: number
  readonly code: string
  readonly label: string
  readonly position: number
  readonly type: number
}

const ACCOUNTS: readonly Account[] = [
  { id: 187, code: '411', label: 'Usagers', position: 3, type: 4 },
  { id: 238, code: '512A', label: 'Compte courant', position: 3, type: 1 },
  { id: 250, code: '530', label: 'Caisse', position: 1, type: 2 },
  { id: 275, code: '606', label: 'Achats non stockés', position: 4, type: 5 },
  { id: 434, code: '707', label: 'Ventes de marchandises', position: 5, type: 6 },
  { id: 470, code: '754', label: 'Dons', position: 5, type: 6 },
]

interface Line {
  readonly id: number
  readonly account: Account
  readonly credit: number
  readonly debit: number
  readonly label: string | null
  readonly reference: string | null
}

interface Transaction {
  readonly id: number
  readonly type: number
  label: string
  notes: string | null
  reference: string | null
  readonly day: string
  readonly lines: readonly Line[]
}

/** The books of the stand-in: one chart, one open year or none, and the transactions posted to it. */
export class Books {
  readonly transactions: Transaction[] = []
  readonly #open: boolean
  #lastLine = 0

  constructor(open: boolean) {
    this.#open = open
  }

  years(): Json {
    if (!this.#open) return []
    return [
      {
        id: 1,
        label: 'Exercice 2026',
        start_date: '2026-01-01',
        end_date: '2026-12-31',
        status: 0,
        id_chart: CHART.id,
        nb_transactions: this.transactions.length,
        nb_fees: 0,
        chart_name: CHART.label,
        status_tag_preset: 'open',
      },
    ]
  }

  charts(): Json {
    return [CHART]
  }

  accounts(): Json {
    return ACCOUNTS.map((account) => ({
      ...account,
      id_chart: CHART.id,
      description: null,
      user: false,
      bookmark: false,
    }))
  }

  hasYear(id: string): boolean {
    return this.#open && (id === '1' || id === 'current')
  }

  /** The journal gives the time of the reading beside the day of the transaction, as the real one was seen to do. */
  journal(now: Date): Json {
    return this.transactions.map((transaction) => ({
      id: transaction.id,
      label: transaction.label,
      date: phpDate(transaction.day, parisTime(now)),
      reference: transaction.reference,
      lines: transaction.lines.map(journalLine),
    }))
  }

  get(id: number): Transaction | undefined {
    return this.transactions.find((transaction) => transaction.id === id)
  }

  /** Checks a posting; what comes back writes it. */
  prepare(params: Params): () => Transaction {
    if (!this.hasYear(textOf(params, 'id_year') ?? '')) throw new Refusal(400, "L'exercice indiqué n'est pas ouvert.")
    const type = typeOf(params)
    const lines = type === 0 ? advancedLines(params) : simpleLines(params)
    const label = textOf(params, 'label')
    if (label === undefined) throw new Refusal(400, 'Le champ libellé ne peut rester vide.')
    const day = dayOf(params)
    return () => {
      const transaction: Transaction = {
        id: this.transactions.length + 1,
        type,
        label,
        notes: textOf(params, 'notes') ?? null,
        reference: textOf(params, 'reference') ?? null,
        day,
        lines: lines.map((line) => ({ ...line, id: ++this.#lastLine })),
      }
      this.transactions.push(transaction)
      return transaction
    }
  }
}

type DraftLine = Omit<Line, 'id'>

function typeOf(params: Params): number {
  const name = textOf(params, 'type')?.toUpperCase()
  if (name === undefined && params.lines !== undefined) return 0
  const type = /^[0-5]$/.test(name ?? '') ? Number(name) : TYPES.indexOf(name ?? '')
  if (type < 0) throw new Refusal(400, "Le type d'écriture est inconnu.")
  return type
}

/** One amount from the debited to the credited account: the credit comes first. */
function simpleLines(params: Params): DraftLine[] {
  const amount = cents(params.amount)
  const line = (side: 'credit' | 'debit', number: number): DraftLine => ({
    account: accountOf(textOf(params, side), undefined, number),
    credit: side === 'credit' ? amount : 0,
    debit: side === 'debit' ? amount : 0,
    label: null,
    reference: null,
  })
  return [line('credit', 1), line('debit', 2)]
}

function advancedLines(params: Params): DraftLine[] {
  const given = isParams(params.lines) ? Object.values(params.lines) : params.lines
  if (!Array.isArray(given) || given.length < 2) throw new Refusal(400, 'Une écriture compte au moins deux lignes.')
  const lines = given.map((line: unknown, index) => advancedLine(isParams(line) ? line : {}, index + 1))
  const balance = lines.reduce((sum, line) => sum + line.credit - line.debit, 0)
  if (balance !== 0) throw new Refusal(400, 'Écriture non équilibrée : débits et crédits diffèrent.')
  return lines
}

function advancedLine(params: Params, number: number): DraftLine {
  return {
    account: accountOf(textOf(params, 'account'), textOf(params, 'id_account'), number),
    credit: cents(params.credit ?? 0),
    debit: cents(params.debit ?? 0),
    label: textOf(params, 'label') ?? null,
    reference: textOf(params, 'reference') ?? null,
  }
}

function accountOf(code: string | undefined, id: string | undefined, line: number): Account {
  const found = ACCOUNTS.find((account) => (code === undefined ? String(account.id) === id : account.code === code))
  if (found) return found
  throw new Refusal(400, `Le compte avec le code "${code ?? id ?? ''}" sur la ligne ${line} n'existe pas.`)
}

/** Money in euros (12.50, "12,5", 12) as whole cents, with no arithmetic on fractions. */
function cents(value: unknown): number {
  const [, euros, fraction = ''] = /^(\d{1,9})(?:[.,](\d{1,2}))?$/.exec(String(value ?? '').trim()) ?? []
  if (euros === undefined) throw new Refusal(400, 'Le montant est invalide.')
  return Number(euros + fraction.padEnd(2, '0'))
}

function dayOf(params: Params): string {
  const date = textOf(params, 'date')
  if (date === undefined) throw new Refusal(400, 'Le champ date ne peut rester vide.')
  const [, day] = /^(\d{4}-\d{2}-\d{2})(?:$|[T ])/.exec(date) ?? []
  if (day === undefined || Number.isNaN(Date.parse(day))) throw new Refusal(400, 'La date est invalide.')
  return day
}

function phpDate(day: string, time = '00:00:00'): Json {
  return { date: `${day} ${time}.000000`, timezone_type: 3, timezone: 'Europe/Paris' }
}

function parisTime(now: Date): string {
  return now.toLocaleTimeString('en-GB', { timeZone: 'Europe/Paris', hour12: false })
}

function journalLine(line: Line): Json {
  return {
    account_label: line.account.label,
    account_code: line.account.code,
    label: line.label,
    reference: line.reference,
    id_account: line.account.id,
    credit: line.credit,
    debit: line.debit,
    id_year: 1,
    id_project: null,
    project_code: null,
  }
}

export function transactionJson(transaction: Transaction): Json {
  const { id, type, label, notes, reference, day } = transaction
  return {
    id,
    type,
    status: 0,
    label,
    notes,
    reference,
    date: phpDate(day),
    hash: null,
    prev_id: null,
    prev_hash: null,
    id_year: 1,
    id_creator: null,
    url: `${ADMIN_URL}acc/transactions/details.php?id=${id}`,
    lines: transaction.lines.map((line) => lineJson(line, id)),
  }
}

function lineJson(line: Line, id_transaction: number): Json {
  const { account } = line
  const selector: JsonMap = new Map([[String(account.id), `${account.code} — ${account.label}`]])
  return {
    id: line.id,
    id_transaction,
    id_account: account.id,
    credit: line.credit,
    debit: line.debit,
    reference: line.reference,
    label: line.label,
    reconciled: false,
    id_project: null,
    id_letter: null,
    status: 0,
    account_code: account.code,
    account_label: account.label,
    account_position: account.position,
    account_type: account.type,
    account_selector: selector,
  }
}
