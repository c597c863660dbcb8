/** The mails that carry links, as plain text. What people and installations are called comes from outside: none of it adds a line. */

export type MailLanguage = 'en' | 'fr'
export const MAIL_LANGUAGES = ['en', 'fr'] as const

export type LinkPurpose = 'invitation' | 'password_reset'

export interface LinkMailDetails {
  /** What people call the installation. */
  readonly installation: string
  /** Of the person. */
  readonly name: string
  /** What he signs in with, besides his address. */
  readonly login: string
  readonly link: string
  readonly expiresAt: Date
}

interface MailText {
  readonly subject: string
  readonly text: string
}

type Words = Readonly<Record<LinkPurpose, (details: LinkMailDetails & { readonly until: string }) => MailText>>

const en: Words = {
  invitation: ({ installation, name, login, link, until }) => ({
    subject: `${installation}: your account`,
    text: `Hello ${name},

there is an account for you at ${installation}. Your login is: ${login}

Open this link to choose your password, or to sign in with what you have:

${link}

It works once, until ${until}. If you do not know what this is about, you need not do anything.
`,
  }),
  password_reset: ({ installation, name, link, until }) => ({
    subject: `${installation}: choose a new password`,
    text: `Hello ${name},

somebody asked for a new password for your account at ${installation}. If it was you, open this link:

${link}

It works once, until ${until}. If it was not you, you need not do anything: your password stays as it is.
`,
  }),
}

const fr: Words = {
  invitation: ({ installation, name, login, link, until }) => ({
    subject: `${installation}\u00a0: votre compte`,
    text: `Bonjour ${name},

Un compte vous attend chez ${installation}. Votre identifiant est\u00a0: ${login}

Ouvrez ce lien pour choisir votre mot de passe, ou pour vous connecter avec ce que vous avez déjà\u00a0:

${link}

Il fonctionne une fois, jusqu’au ${until}. Si vous ne savez pas de quoi il s’agit, vous n’avez rien à faire.
`,
  }),
  password_reset: ({ installation, name, link, until }) => ({
    subject: `${installation}\u00a0: choisissez un nouveau mot de passe`,
    text: `Bonjour ${name},

Quelqu’un a demandé un nouveau mot de passe pour votre compte chez ${installation}. Si c’était vous, ouvrez ce lien\u00a0:

${link}

Il fonctionne une fois, jusqu’au ${until}. Si ce n’était pas vous, vous n’avez rien à faire\u00a0: votre mot de passe reste le même.
`,
  }),
}

const WORDS: Readonly<Record<MailLanguage, Words>> = { en, fr }
const LOCALES: Readonly<Record<MailLanguage, string>> = { en: 'en-GB', fr: 'fr-FR' }

/** In one language, or in both where nobody knows which the person reads. */
export function linkMail(purpose: LinkPurpose, languages: readonly MailLanguage[], details: LinkMailDetails): MailText {
  const texts = languages.map((language) =>
    WORDS[language][purpose]({ ...plain(details), until: timeText(details.expiresAt, language) }),
  )
  return {
    subject: texts.map(({ subject }) => subject).join(' / '),
    text: texts.map(({ text }) => text).join('\n----\n\n'),
  }
}

/** One line each. */
function plain({ installation, name, login, link, expiresAt }: LinkMailDetails): LinkMailDetails {
  const line = (text: string) => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
  return { installation: line(installation), name: line(name), login: line(login), link, expiresAt }
}

function timeText(at: Date, language: MailLanguage): string {
  return `${at.toLocaleString(LOCALES[language], { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })} UTC`
}
