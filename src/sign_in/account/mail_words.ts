import type { Notice } from './notices.ts'

/** The mails of `/account`, as plain text. Names of people and installations come from outside: none can add a line to a header. */

/** `both`: where nobody knows which the person reads. */
export type MailLanguage = 'en' | 'fr' | 'both'

export interface MailText {
  readonly subject: string
  readonly text: string
}

interface NoticeDetails {
  readonly installation: string
  readonly name: string
  /** The address of `/account`. */
  readonly account: string
  readonly at: Date
}

interface Words {
  verification(details: { link: string; installation: string; hours: number }): MailText
  notice(what: string, details: NoticeDetails): MailText
  readonly notices: Readonly<Record<Notice, string>>
}

const en: Words = {
  verification: ({ link, installation, hours }) => ({
    subject: `${installation}: confirm your e-mail address`,
    text: `Hello,

somebody wants to add this e-mail address to an account at ${installation}. If it was you, open this link in the browser in which you are signed in:

${link}

It works once, for ${hours} hours. If it was not you, you need not do anything.
`,
  }),
  notice: (what, { installation, name, account, at }) => ({
    subject: `${installation}: ${what}`,
    text: `Hello ${name},

at your account at ${installation}: ${what} (${time(at, 'en')}).

If it was you, you need not do anything. If it was not you, somebody else may know how you sign in: change your password, end all other sessions, and tell an administrator.

${account}
`,
  }),
  notices: {
    password_changed: 'your password was changed',
    passkey_added: 'a passkey was added',
    passkey_removed: 'a passkey was removed',
    authenticator_added: 'an authenticator app was added',
    authenticator_removed: 'an authenticator app was removed',
    recovery_codes_made: 'new recovery codes were made',
    recovery_code_used: 'a recovery code was used',
    identity_linked: 'another way to sign in was linked',
    identity_removed: 'a way to sign in was removed',
    email_verified: 'an e-mail address was confirmed',
    email_primary: 'the main e-mail address was changed',
    email_removed: 'an e-mail address was removed',
  },
}

const fr: Words = {
  verification: ({ link, installation, hours }) => ({
    subject: `${installation}\u00a0: confirmez votre adresse électronique`,
    text: `Bonjour,

Quelqu’un veut ajouter cette adresse électronique à un compte chez ${installation}. Si c’était vous, ouvrez ce lien dans le navigateur où vous êtes connecté\u00a0:

${link}

Il fonctionne une fois, pendant ${hours}\u00a0heures. Si ce n’était pas vous, vous n’avez rien à faire.
`,
  }),
  notice: (what, { installation, name, account, at }) => ({
    subject: `${installation}\u00a0: ${what}`,
    text: `Bonjour ${name},

Sur votre compte chez ${installation}\u00a0: ${what} (${time(at, 'fr')}).

Si c’était vous, vous n’avez rien à faire. Si ce n’était pas vous, quelqu’un d’autre sait peut-être comment vous vous connectez\u00a0: changez votre mot de passe, fermez toutes les autres sessions et prévenez un administrateur.

${account}
`,
  }),
  notices: {
    password_changed: 'votre mot de passe a été changé',
    passkey_added: 'une clé d’accès a été ajoutée',
    passkey_removed: 'une clé d’accès a été supprimée',
    authenticator_added: 'une application d’authentification a été ajoutée',
    authenticator_removed: 'une application d’authentification a été supprimée',
    recovery_codes_made: 'de nouveaux codes de secours ont été créés',
    recovery_code_used: 'un code de secours a été utilisé',
    identity_linked: 'un autre moyen de connexion a été lié',
    identity_removed: 'un moyen de connexion a été supprimé',
    email_verified: 'une adresse électronique a été confirmée',
    email_primary: 'l’adresse électronique principale a été changée',
    email_removed: 'une adresse électronique a été supprimée',
  },
}

const WORDS: Readonly<Record<'en' | 'fr', Words>> = { en, fr }

export function verificationMail(
  language: 'en' | 'fr',
  details: { readonly link: string; readonly installation: string; readonly hours: number },
): MailText {
  return WORDS[language].verification({ ...details, installation: oneLine(details.installation) })
}

export function noticeMail(language: MailLanguage, notice: Notice, details: NoticeDetails): MailText {
  if (language === 'both') {
    const [english, french] = [noticeMail('en', notice, details), noticeMail('fr', notice, details)]
    return { subject: `${english.subject} / ${french.subject}`, text: `${english.text}\n----\n\n${french.text}` }
  }
  const words = WORDS[language]
  const { installation, name } = details
  return words.notice(words.notices[notice], { ...details, installation: oneLine(installation), name: oneLine(name) })
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}

function time(at: Date, language: 'en' | 'fr'): string {
  return `${at.toLocaleString(language === 'fr' ? 'fr-FR' : 'en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })} UTC`
}
