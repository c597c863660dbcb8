/** Everything that the demonstration says, in one table per language; the type makes a missing sentence a type error. */
export interface Messages {
  readonly intro: readonly string[]
  readonly starting: string
  readonly cameIn: string
  readonly wentOut: string
  readonly answered: string
  readonly connection: string
  readonly transactions: string
  readonly nothingSent: string
  readonly notReached: string
  readonly user: (name: string) => string
  readonly steps: {
    readonly allowed: string
    readonly denied: string
    readonly badKeys: string
    readonly down: string
    readonly upAgain: string
    readonly secretChanged: string
    readonly secretGiven: string
    readonly parallel: string
    readonly tokenKept: string
  }
  readonly notes: {
    readonly allowed: string
    readonly denied: string
    readonly down: string
    readonly secretChanged: string
    readonly parallel: string
    readonly tokenOver: string
  }
  readonly tokensAsked: (count: number) => string
  readonly allShown: (seconds: string) => string
  readonly mismatch: (step: string, what: string) => string
  readonly expected: (wanted: string, got: string) => string
  readonly tryIt: string
  readonly tryAllowed: string
  readonly tryDenied: string
  readonly tryAudit: string
  readonly staysUp: string
  readonly stopping: string
  readonly usage: string
}

export type Language = 'en' | 'fr'

const en: Messages = {
  intro: [
    'Octroi stands between a program (here RecyClique, the till of a reuse shop) and a service (here Paheko, its accounts).',
    'The program holds an Octroi key with one right: to post a closing. Only Octroi holds the password of Paheko.',
    'Paheko and HelloAsso are stand-ins that answer as the real ones do; Octroi is the real program, on a data folder of its own.',
  ],
  starting: 'Starting Octroi and the stand-ins ...',
  cameIn: 'came in',
  wentOut: 'went out',
  answered: 'answered',
  connection: 'connection',
  transactions: 'in the books',
  nothingSent: 'nothing: Octroi refused before it asked Paheko',
  notReached: 'tried, and nobody was there',
  user: (name) => `Authorization: Basic (user ${name})`,
  steps: {
    allowed: 'A closing is posted with an Octroi key; Paheko gets its own user name and password',
    denied: 'The same key can do nothing else: no SQL, no download of the database',
    badKeys: 'A key that nobody made opens nothing; a revoked one is refused from the next request on',
    down: 'Paheko is stopped: the program is told to try again later',
    upAgain: 'Paheko is back: the same posting is delivered, once',
    secretChanged: 'Somebody changed the password in Paheko: that is not the caller’s fault, and the answer is no 403',
    secretGiven: 'The new password is given to Octroi: postings pass again, and the key of the program stays as it was',
    parallel: 'Two programs post at the same moment: Octroi lets one write at a time',
    tokenKept: 'HelloAsso wants a token that ends after half an hour: Octroi has one for all programs, and renews it',
  },
  notes: {
    allowed: 'The key never leaves Octroi, and the password never reaches the program.',
    denied: 'What was not granted is refused; SQL and downloads stay shut even for a key that was granted everything.',
    down: 'Retry-After says when. A 502 keeps the posting in the outbox; a 401 or 403 would have ended it.',
    secretChanged: 'The connection is marked and an event is written, for whoever looks after Octroi.',
    parallel: 'The second one waits for its turn; both are answered with 200.',
    tokenOver: 'Now the token is over: HelloAsso refuses it, the calls wait for one renewal, and go out again.',
  },
  tokensAsked: (count) => `tokens asked for so far: ${count}`,
  allShown: (seconds) => `All of this was checked while it was shown (${seconds} s).`,
  mismatch: (step, what) => `octroi demo: what was shown is not what should be, at "${step}": ${what}`,
  expected: (wanted, got) => `expected ${wanted}, got ${got}`,
  tryIt: 'Try it yourself, in another terminal:',
  tryAllowed: 'a posting that is allowed',
  tryDenied: 'a download that is not',
  tryAudit: 'what Octroi recorded of both',
  staysUp: 'Octroi stays up. Ctrl-C stops everything and removes its data.',
  stopping: 'Stopping, and removing the data ...',
  usage: `Usage: npm run demo [-- OPTIONS]

  --once          end after the calls
  --lang en|fr    the language (default: from LANG)
  --help          this text`,
}

const fr: Messages = {
  intro: [
    'Octroi se tient entre un programme (ici RecyClique, la caisse d’une ressourcerie) et un service (ici Paheko, sa comptabilité).',
    'Le programme a une clé Octroi avec un seul droit : écrire une clôture de caisse. Seul Octroi a le mot de passe de Paheko.',
    'Paheko et HelloAsso sont des doublures qui répondent comme les vrais ; Octroi est le vrai programme, sur un dossier de données à lui.',
  ],
  starting: 'Démarrage d’Octroi et des doublures ...',
  cameIn: 'reçu',
  wentOut: 'envoyé',
  answered: 'répondu',
  connection: 'connexion',
  transactions: 'en compta',
  nothingSent: 'rien : Octroi a refusé avant d’interroger Paheko',
  notReached: 'essayé, et personne n’a répondu',
  user: (name) => `Authorization: Basic (compte ${name})`,
  steps: {
    allowed: 'Une clôture est écrite avec une clé Octroi ; Paheko reçoit son propre identifiant et son mot de passe',
    denied: 'La même clé ne peut rien d’autre : ni SQL, ni téléchargement de la base',
    badKeys: 'Une clé que personne n’a créée n’ouvre rien ; une clé révoquée est refusée dès la requête suivante',
    down: 'Paheko est arrêté : le programme est invité à réessayer plus tard',
    upAgain: 'Paheko est de retour : la même écriture est livrée, une seule fois',
    secretChanged:
      'Quelqu’un a changé le mot de passe dans Paheko : l’appelant n’y est pour rien, il ne reçoit pas de 403',
    secretGiven:
      'Le nouveau mot de passe est donné à Octroi : les écritures repassent, et la clé du programme ne change pas',
    parallel: 'Deux programmes écrivent au même moment : Octroi n’en laisse écrire qu’un à la fois',
    tokenKept:
      'HelloAsso veut un jeton, qui finit au bout d’une demi-heure : Octroi en a un pour tous, et le renouvelle',
  },
  notes: {
    allowed: 'La clé ne sort jamais d’Octroi, et le mot de passe n’arrive jamais au programme.',
    denied:
      'Ce qui n’est pas accordé est refusé ; SQL et téléchargements restent fermés même à une clé qui aurait tous les droits.',
    down: 'Retry-After dit quand. Un 502 garde l’écriture dans la file ; un 401 ou un 403 l’aurait mise en quarantaine.',
    secretChanged: 'La connexion est marquée et un événement est écrit, pour la personne qui s’occupe d’Octroi.',
    parallel: 'La seconde attend son tour ; les deux reçoivent 200.',
    tokenOver: 'Le jeton est fini : HelloAsso le refuse, les appels attendent un seul renouvellement, et repartent.',
  },
  tokensAsked: (count) => `jetons demandés jusqu’ici : ${count}`,
  allShown: (seconds) => `Tout cela a été vérifié en même temps que montré (${seconds} s).`,
  mismatch: (step, what) => `octroi demo : ce qui est montré n’est pas ce qui devrait être, à « ${step} » : ${what}`,
  expected: (wanted, got) => `attendu ${wanted}, obtenu ${got}`,
  tryIt: 'À vous, dans un autre terminal :',
  tryAllowed: 'une écriture permise',
  tryDenied: 'un téléchargement qui ne l’est pas',
  tryAudit: 'ce qu’Octroi a noté des deux',
  staysUp: 'Octroi reste en marche. Ctrl-C arrête tout et supprime ses données.',
  stopping: 'Arrêt, et suppression des données ...',
  usage: `Usage : npm run demo [-- OPTIONS]

  --once          s’arrêter après les appels
  --lang en|fr    la langue (par défaut : d’après LANG)
  --help          ce texte`,
}

export const MESSAGES: Readonly<Record<Language, Messages>> = { en, fr }

/** What was asked for, else what the terminal speaks (POSIX: LC_ALL over LC_MESSAGES over LANG). */
export function chooseLanguage(asked: string | undefined, env: NodeJS.ProcessEnv): Language {
  const wanted = asked ?? (env.LC_ALL || env.LC_MESSAGES || env.LANG || 'en')
  return wanted.toLowerCase().startsWith('fr') ? 'fr' : 'en'
}
