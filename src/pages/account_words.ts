import type { AccountFault } from '../sign_in/account/own.ts'
import type { Done } from './account_view.ts'
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of `/account` that are not of one section, and those of its first page, addresses, identities and password. */

const en = {
  title: 'Your account',
  signOut: 'Sign out',
  login: 'Login',
  organizations: 'Organisations',
  groups: 'Groups',
  remove: 'Remove',
  rename: 'Rename',
  save: 'Save',
  name: 'Name',
  never: 'never used',
  used: (when: Html): Html => html`last used on ${when}`,
  since: (when: Html): Html => html`added on ${when}`,
  until: (when: Html): Html => html`ends on ${when}`,

  sections: {
    emails: 'E-mail addresses',
    identities: 'Linked sign-ins',
    password: 'Password',
    passkeys: 'Passkeys',
    authenticators: 'Authenticator apps',
    recovery: 'Recovery codes',
    sessions: 'Sessions',
    applications: 'Applications',
    tokens: 'Tokens of applications',
  },
  count: {
    noEmail: 'none',
    set: 'set',
    unset: 'not set',
    left: (count: number) => (count === 1 ? 'one left' : `${count} left`),
  },

  done: {
    email_added: 'The address was added.',
    email_sent: 'A message is on its way. Open the link in it to show that you read mail at this address.',
    email_verified: 'The address is verified.',
    email_primary: 'This is your main address now.',
    email_removed: 'The address was removed.',
    identity_linked: 'From now on you can sign in this way too.',
    identity_removed: 'It was removed: it no longer signs you in.',
    password_changed: 'The password was saved.',
    passkey_added: 'The passkey was added.',
    passkey_renamed: 'The name was saved.',
    passkey_removed: 'The passkey was removed. Delete it on your device too.',
    authenticator_added: 'The app was added. From now on you are asked for a code when you sign in.',
    authenticator_removed: 'The app was removed: its codes are no longer accepted.',
    session_ended: 'The session has ended.',
    sessions_ended: 'All other sessions have ended.',
    application_revoked: 'The access was revoked: the application can no longer act for you.',
    token_revoked: 'The token was revoked: the application can no longer act for you with it.',
  } satisfies Record<Done, string>,

  faults: {
    invalid: 'What you entered cannot be used. Please check it.',
    wrong: 'What you entered is not right.',
    weak: 'This password is too easy to guess.',
    differs: 'The two passwords are not the same.',
    taken: 'Your account has it already.',
    others: 'It belongs to another account. Each can be linked to one account only: remove it there first.',
    gone: 'It is no longer there, or the page was open for too long. Nothing was changed.',
    last_way: 'It is the last way to sign in to your account. Add another one first.',
    passkey: 'The answer of your device was not accepted. Please try again.',
    rate_limited: 'There were too many attempts.',
    busy: 'There is too much going on at the moment. Please try again in a few seconds.',
    unavailable: 'The provider does not answer. Please try again in a few minutes.',
    mail: 'The message could not be sent. Please try again in a few minutes.',
  } satisfies Record<AccountFault, string>,

  emails: {
    text: 'A verified address serves to sign in and to choose a new password. The main one is told to applications.',
    none: 'Your account has no address yet.',
    verified: 'verified',
    unverified: 'not verified',
    primary: 'main',
    send: 'Send the link',
    makePrimary: 'Make it the main one',
    noMail: 'This installation sends no mail: addresses are verified by the administrator.',
    add: 'Add an address',
    address: 'E-mail address',
    invalid: 'Please enter an address such as name@example.org.',
    many: 'Your account has as many addresses as can be kept. Remove one first.',
    verifyTitle: 'Is this your address?',
    verifyText: (address: string): Html => html`Confirm that you read mail at <strong>${address}</strong>.`,
    verifySubmit: 'Yes, it is mine',
    verifyNot: 'If you did not ask for this, close this page: nothing will be changed.',
  },

  identities: {
    text: 'You can sign in with an account that you have elsewhere. Only you can link one, by signing in to it.',
    none: 'No other account is linked yet.',
    gone: 'This way to sign in is closed at the moment.',
    add: 'Link another account',
    by: (name: string) => `Link ${name}`,
    login: 'Login',
    wrong: 'The login or the password is not right.',
  },

  password: {
    none: 'Your account has no password yet.',
    current: 'Current password',
    wrong: 'This is not your current password.',
    elsewhere: 'Sign out in all other browsers',
    submit: 'Save the password',
    closed: 'Nobody signs in with a password here at the moment.',
  },

  goneTitle: { link: 'This link is no longer valid', thing: 'It is no longer there' },
  goneText: {
    link: 'It was used already, is too old, or was made for another account. Ask for a new one on the page of your account.',
    thing: 'It has been removed in the meantime. Nothing else was changed.',
  },
}

export type AccountWords = typeof en

const fr: AccountWords = {
  title: 'Votre compte',
  signOut: 'Se déconnecter',
  login: 'Identifiant',
  organizations: 'Organisations',
  groups: 'Groupes',
  remove: 'Retirer',
  rename: 'Renommer',
  save: 'Enregistrer',
  name: 'Nom',
  never: 'jamais utilisé',
  used: (when) => html`dernière utilisation le ${when}`,
  since: (when) => html`ajout le ${when}`,
  until: (when) => html`prend fin le ${when}`,

  sections: {
    emails: 'Adresses électroniques',
    identities: 'Connexions reliées',
    password: 'Mot de passe',
    passkeys: 'Clés d’accès',
    authenticators: 'Applications d’authentification',
    recovery: 'Codes de secours',
    sessions: 'Sessions',
    applications: 'Applications',
    tokens: 'Jetons des applications',
  },
  count: {
    noEmail: 'aucune',
    set: 'défini',
    unset: 'non défini',
    left: (count) => (count === 1 ? 'un seul restant' : `${count} restants`),
  },

  done: {
    email_added: 'L’adresse a été ajoutée.',
    email_sent:
      'Un message est en route. Ouvrez le lien qu’il contient pour montrer que vous lisez le courrier de cette adresse.',
    email_verified: 'L’adresse est vérifiée.',
    email_primary: 'Cette adresse est maintenant la principale.',
    email_removed: 'L’adresse a été retirée.',
    identity_linked: 'Vous pouvez désormais vous connecter aussi par ce moyen.',
    identity_removed: 'Ce moyen a été retiré\u00a0: il ne vous connecte plus.',
    password_changed: 'Le mot de passe a été enregistré.',
    passkey_added: 'La clé d’accès a été ajoutée.',
    passkey_renamed: 'Le nom a été enregistré.',
    passkey_removed: 'La clé d’accès a été retirée. Supprimez-la aussi sur votre appareil.',
    authenticator_added: 'L’application a été ajoutée. Un code vous sera désormais demandé à la connexion.',
    authenticator_removed: 'L’application a été retirée\u00a0: ses codes ne sont plus acceptés.',
    session_ended: 'La session a pris fin.',
    sessions_ended: 'Toutes les autres sessions ont pris fin.',
    application_revoked: 'L’accès a été révoqué\u00a0: l’application ne peut plus agir pour vous.',
    token_revoked: 'Le jeton a été révoqué\u00a0: l’application ne peut plus agir pour vous avec lui.',
  },

  faults: {
    invalid: 'Ce que vous avez saisi ne peut pas être utilisé. Veuillez le vérifier.',
    wrong: 'Ce que vous avez saisi n’est pas exact.',
    weak: 'Ce mot de passe est trop facile à deviner.',
    differs: 'Les deux mots de passe ne sont pas identiques.',
    taken: 'Votre compte l’a déjà.',
    others:
      'Il appartient à un autre compte. On ne peut le relier qu’à un seul compte\u00a0: retirez-le d’abord de l’autre.',
    gone: 'Il n’existe plus, ou la page est restée ouverte trop longtemps. Rien n’a été modifié.',
    last_way: 'C’est le dernier moyen de vous connecter à votre compte. Ajoutez-en d’abord un autre.',
    passkey: 'La réponse de votre appareil n’a pas été acceptée. Veuillez réessayer.',
    rate_limited: 'Il y a eu trop d’essais.',
    busy: 'Il y a trop d’activité en ce moment. Veuillez réessayer dans quelques secondes.',
    unavailable: 'Le fournisseur d’identité ne répond pas. Veuillez réessayer dans quelques minutes.',
    mail: 'Le message n’a pas pu être envoyé. Veuillez réessayer dans quelques minutes.',
  },

  emails: {
    text: 'Une adresse vérifiée sert à vous connecter et à choisir un nouveau mot de passe. La principale est transmise aux applications.',
    none: 'Votre compte n’a pas encore d’adresse.',
    verified: 'vérifiée',
    unverified: 'non vérifiée',
    primary: 'principale',
    send: 'Envoyer le lien',
    makePrimary: 'En faire la principale',
    noMail: 'Cette installation n’envoie pas de courrier\u00a0: les adresses sont vérifiées par l’administrateur.',
    add: 'Ajouter une adresse',
    address: 'Adresse électronique',
    invalid: 'Veuillez saisir une adresse comme nom@example.org.',
    many: 'Votre compte a déjà autant d’adresses qu’il est possible d’en garder. Retirez-en d’abord une.',
    verifyTitle: 'Cette adresse est-elle la vôtre\u00a0?',
    verifyText: (address) => html`Confirmez que vous lisez le courrier de <strong>${address}</strong>.`,
    verifySubmit: 'Oui, c’est la mienne',
    verifyNot: 'Si vous n’avez rien demandé, fermez cette page\u00a0: rien ne sera modifié.',
  },

  identities: {
    text: 'Vous pouvez vous connecter avec un compte que vous avez ailleurs. Vous seul pouvez le relier, en vous y connectant.',
    none: 'Aucun autre compte n’est encore relié.',
    gone: 'Ce moyen de se connecter est fermé pour l’instant.',
    add: 'Relier un autre compte',
    by: (name) => `Relier ${name}`,
    login: 'Identifiant',
    wrong: 'L’identifiant ou le mot de passe n’est pas le bon.',
  },

  password: {
    none: 'Votre compte n’a pas encore de mot de passe.',
    current: 'Mot de passe actuel',
    wrong: 'Ce n’est pas votre mot de passe actuel.',
    elsewhere: 'Me déconnecter de tous les autres navigateurs',
    submit: 'Enregistrer le mot de passe',
    closed: 'Personne ne se connecte ici avec un mot de passe pour l’instant.',
  },

  goneTitle: { link: 'Ce lien n’est plus valable', thing: 'Cet élément n’existe plus' },
  goneText: {
    link: 'Il a déjà servi, est trop ancien ou concerne un autre compte. Demandez-en un nouveau sur la page de votre compte.',
    thing: 'Il a été retiré entre-temps. Rien d’autre n’a été modifié.',
  },
}

export const ACCOUNT_WORDS: Readonly<Record<Language, AccountWords>> = { en, fr }
