import { APPLICATION_WORDS } from './account_application_words.ts'
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of `/account` about passkeys, apps, codes, sessions and tokens, and of what is asked before they go. */

const en = {
  passkeys: {
    text: 'A passkey signs you in with your fingerprint, your face, a PIN or a security key: nothing to remember, and nothing that can be stolen from a site.',
    none: 'You have no passkey yet.',
    synced: 'on several devices',
    bound: 'on one device',
    add: 'Add a passkey',
    newTitle: 'Add a passkey',
    newText: 'Give it a name by which you will know it again, such as the name of the device.',
    submit: 'Make the passkey',
    many: 'You have as many passkeys as can be kept. Remove one first.',
    closed: 'Browsers make no passkey at this address: it takes a name and https://.',
    invalid: 'Please enter a name of at most 100 characters.',
  },
  authenticators: {
    text: 'Whoever knows your password cannot sign in without the code that your app shows.',
    none: 'You have no app yet.',
    add: 'Add an app',
    newTitle: 'Add an authenticator app',
    submit: 'Add the app',
    many: 'You have as many apps as can be kept. Remove one first.',
  },
  recovery: {
    text: 'A recovery code signs you in when your phone or key is lost. Each works once.',
    left: (count: number): Html =>
      count === 1 ? html`<strong>One</strong> code is left.` : html`<strong>${count}</strong> codes are left.`,
    none: 'You have no recovery codes.',
    noFactor: 'You need them once you have an authenticator app or a passkey.',
    make: 'Make recovery codes',
    remake: 'Make new codes',
    back: 'Back to your account',
  },
  sessions: {
    text: 'Here you are signed in. End what you do not know, then change your password.',
    this: 'this one',
    from: (address: string) => `from ${address}`,
    by: (method: string) => `signed in with ${method}`,
    for: (organization: string) => `for ${organization}`,
    begun: (when: Html): Html => html`began on ${when}`,
    unknown: 'An unknown browser',
    on: (browser: string, system: string) => `${browser} on ${system}`,
    end: 'End',
    endOthers: 'End all others',
    none: 'You are signed in nowhere else.',
  },
  tokens: {
    text: 'An application to which you signed in can act for you with its token.',
    none: 'No application has a token of yours.',
    forever: 'without end',
    revoke: 'Revoke',
  },
  applications: APPLICATION_WORDS.en,
  confirm: {
    applications: APPLICATION_WORDS.en.confirm,
    emails: {
      title: 'Remove this address?',
      text: 'It will no longer serve to sign in or to choose a new password.',
      submit: 'Remove the address',
    },
    identities: {
      title: 'Remove this sign-in?',
      text: 'You will no longer be able to sign in this way. It can be linked again later.',
      submit: 'Remove it',
    },
    passkeys: {
      title: 'Remove this passkey?',
      text: 'It will no longer sign you in, and cannot be brought back.',
      submit: 'Remove the passkey',
    },
    authenticators: {
      title: 'Remove this app?',
      text: 'Its codes will no longer be accepted. Without another second factor, your account is protected by the first one alone.',
      submit: 'Remove the app',
    },
    recovery: {
      title: 'Make new recovery codes?',
      text: 'The codes that you have kept will no longer work.',
      submit: 'Make new codes',
    },
    sessions: {
      title: 'End all other sessions?',
      text: 'You will be signed out in every browser but this one, and applications lose the tokens that they got there.',
      submit: 'End all others',
    },
    tokens: {
      title: 'Revoke this token?',
      text: 'The application can no longer act for you with it. It gets a new one when you sign in to it again.',
      submit: 'Revoke the token',
    },
  },
}

export type AccessWords = typeof en

const fr: AccessWords = {
  passkeys: {
    text: 'Une clé d’accès vous connecte avec votre empreinte, votre visage, un code PIN ou une clé de sécurité\u00a0: rien à retenir, et rien qui puisse être volé sur un site.',
    none: 'Vous n’avez pas encore de clé d’accès.',
    synced: 'sur plusieurs appareils',
    bound: 'sur un seul appareil',
    add: 'Ajouter une clé d’accès',
    newTitle: 'Ajouter une clé d’accès',
    newText: 'Donnez-lui un nom qui vous permettra de la reconnaître, par exemple celui de l’appareil.',
    submit: 'Créer la clé d’accès',
    many: 'Vous avez déjà autant de clés d’accès qu’il est possible d’en garder. Retirez-en d’abord une.',
    closed:
      'À cette adresse, les navigateurs ne créent pas de clé d’accès\u00a0: il faut un nom de domaine et https://.',
    invalid: 'Veuillez saisir un nom de 100 caractères au plus.',
  },
  authenticators: {
    text: 'Qui connaît votre mot de passe ne peut pas se connecter sans le code affiché par votre application.',
    none: 'Vous n’avez pas encore d’application.',
    add: 'Ajouter une application',
    newTitle: 'Ajouter une application d’authentification',
    submit: 'Ajouter l’application',
    many: 'Vous avez déjà autant d’applications qu’il est possible d’en garder. Retirez-en d’abord une.',
  },
  recovery: {
    text: 'Un code de secours vous connecte si vous perdez votre téléphone ou votre clé. Chacun sert une seule fois.',
    left: (count) =>
      count === 1 ? html`Il reste <strong>un</strong> code.` : html`Il reste <strong>${count}</strong> codes.`,
    none: 'Vous n’avez pas de code de secours.',
    noFactor: 'Il vous en faudra quand vous aurez une application d’authentification ou une clé d’accès.',
    make: 'Créer des codes de secours',
    remake: 'Créer de nouveaux codes',
    back: 'Revenir à votre compte',
  },
  sessions: {
    text: 'Vous êtes connecté aux endroits suivants. Mettez fin à ce que vous ne reconnaissez pas, puis changez de mot de passe.',
    this: 'celle-ci',
    from: (address) => `depuis ${address}`,
    by: (method) => `par ${method}`,
    for: (organization) => `pour ${organization}`,
    begun: (when) => html`début le ${when}`,
    unknown: 'Un navigateur inconnu',
    on: (browser, system) => `${browser} sur ${system}`,
    end: 'Mettre fin',
    endOthers: 'Mettre fin à toutes les autres',
    none: 'Vous n’êtes connecté nulle part ailleurs.',
  },
  tokens: {
    text: 'Une application à laquelle vous vous êtes connecté peut agir pour vous avec son jeton.',
    none: 'Aucune application n’a de jeton à votre nom.',
    forever: 'sans fin',
    revoke: 'Révoquer',
  },
  applications: APPLICATION_WORDS.fr,
  confirm: {
    applications: APPLICATION_WORDS.fr.confirm,
    emails: {
      title: 'Retirer cette adresse\u00a0?',
      text: 'Elle ne servira plus à vous connecter ni à choisir un nouveau mot de passe.',
      submit: 'Retirer l’adresse',
    },
    identities: {
      title: 'Retirer ce moyen de connexion\u00a0?',
      text: 'Vous ne pourrez plus vous connecter ainsi. Vous pourrez le relier à nouveau plus tard.',
      submit: 'Le retirer',
    },
    passkeys: {
      title: 'Retirer cette clé d’accès\u00a0?',
      text: 'Elle ne vous connectera plus et ne pourra pas être rétablie.',
      submit: 'Retirer la clé d’accès',
    },
    authenticators: {
      title: 'Retirer cette application\u00a0?',
      text: 'Ses codes ne seront plus acceptés. Sans autre second facteur, votre compte n’est protégé que par le premier.',
      submit: 'Retirer l’application',
    },
    recovery: {
      title: 'Créer de nouveaux codes de secours\u00a0?',
      text: 'Les codes que vous avez mis de côté ne fonctionneront plus.',
      submit: 'Créer de nouveaux codes',
    },
    sessions: {
      title: 'Mettre fin à toutes les autres sessions\u00a0?',
      text: 'Vous serez déconnecté de tous les navigateurs sauf celui-ci, et les applications perdront les jetons qu’elles y ont reçus.',
      submit: 'Mettre fin à toutes les autres',
    },
    tokens: {
      title: 'Révoquer ce jeton\u00a0?',
      text: 'L’application ne pourra plus agir pour vous avec lui. Elle en recevra un nouveau quand vous vous y connecterez à nouveau.',
      submit: 'Révoquer le jeton',
    },
  },
}

export const ACCESS_WORDS: Readonly<Record<Language, AccessWords>> = { en, fr }
