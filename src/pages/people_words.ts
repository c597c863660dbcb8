import type { Stop } from '../sign_in/stage.ts'
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** What the pages of sign-in and of `/account` say alike. A language that lacks a text does not compile. */

const en = {
  proceed: 'Continue',
  cancel: 'Cancel',
  again: 'Start again',
  or: 'or',
  password: 'Password',
  newPassword: 'New password',
  repeatPassword: 'New password, once more',
  passwordRule:
    'At least 8 characters. A few words that nobody else would put together are better than one word with signs in it.',
  code: 'Code',
  codeHint: 'Six digits',
  waitSeconds: (seconds: number) => (seconds === 1 ? 'in one second' : `in ${seconds} seconds`),
  waitMinutes: (minutes: number) => (minutes === 1 ? 'in one minute' : `in ${minutes} minutes`),
  requestId: 'Number of this request, for whoever helps you:',
  detail: 'Details for support:',

  faults: {
    rate_limited: (wait: string) => `There were too many attempts. Please try again ${wait}.`,
    soon: 'in a few minutes',
    busy: 'Too many people are signing in at this very moment. Please try again in a few seconds.',
    weak: 'This password is too easy to guess: it is too short, very common, or contains your name or address. Please choose another one.',
    differs: 'The two passwords are not the same. Please type the new one twice.',
    code: 'This code is not right, or it was used already. Please wait for the next one and check that the clock of your device is right.',
    digits: 'Please enter the six digits that the app shows.',
    wrong: 'What you entered is not right.',
    invalid: 'What you entered cannot be used. Please check it.',
    taken: 'This is in use already.',
    unavailable: 'It does not answer at the moment. Please try again in a few minutes, or choose another way.',
  },

  stopped: {
    csrf: 'Please start again',
    cookies: 'A cookie is missing',
    not_found: 'There is no such page',
    method_off: 'This way to sign in is closed',
    unreadable: 'This could not be read',
    too_large: 'This is too large',
  } satisfies Record<Stop, string>,
  stoppedText: {
    csrf: () =>
      'The form was not sent from the page that was shown here, or the page was open for too long. Nothing was changed.',
    cookies: (host: string) =>
      `Your browser did not send the cookie by which this page knows it again. Please allow cookies for ${host}, then start again. Nothing was changed.`,
    not_found: () => 'Please check that you copied the whole address.',
    method_off: () => 'An administrator has closed it, or it was never open. Please choose another way.',
    unreadable: () => 'Your browser sent something that this page does not expect. Nothing was changed.',
    too_large: () => 'Your browser sent more than this page takes. Nothing was changed.',
  },
  failed: 'Something went wrong on our side',
  failedText: 'It is not your fault, and nothing was changed. Please try again in a few minutes.',
  failedNext: (host: string): Html =>
    html`If it goes on, tell the administrator of <strong>${host}</strong>, with the number below.`,

  passkey: {
    script:
      'Passkeys need JavaScript, which is switched off in your browser. Switch it on for this site, or choose another way.',
    unsupported: 'This browser cannot use passkeys here. Please choose another way, or another browser.',
    waiting: 'Please follow what your device asks.',
    cancelled: 'It was cancelled, or it took too long. You can try again.',
    exists: 'This device has a passkey for this account already.',
    failed: 'Your device could not use a passkey here. Please try again, or choose another way.',
    refused: 'This passkey was not accepted. It may have been removed from the account. Please choose another way.',
  },

  factor: {
    intro:
      'An authenticator app on your phone shows a new code every 30 seconds: Aegis, FreeOTP, the app of your phone’s maker, or any other of this kind.',
    scan: 'Scan this picture with the app.',
    picture: 'QR code with the key of your account. The same key stands below as text.',
    type: 'If you cannot scan it, enter this key by hand:',
    code: 'Enter the code that the app shows now.',
  },
  codes: {
    title: 'Your recovery codes',
    text: 'With one of these codes you can sign in when your phone or key is lost. Each works once.',
    once: 'They are shown this once only: print them, or keep them in a safe place away from your phone.',
    list: 'Recovery codes',
    kept: 'I have kept them',
  },
}

export type PeopleWords = typeof en

const fr: PeopleWords = {
  proceed: 'Continuer',
  cancel: 'Annuler',
  again: 'Recommencer',
  or: 'ou',
  password: 'Mot de passe',
  newPassword: 'Nouveau mot de passe',
  repeatPassword: 'Nouveau mot de passe, une seconde fois',
  passwordRule:
    'Au moins 8 caractères. Quelques mots que personne d’autre n’associerait valent mieux qu’un mot garni de signes.',
  code: 'Code',
  codeHint: 'Six chiffres',
  waitSeconds: (seconds) => (seconds === 1 ? 'dans une seconde' : `dans ${seconds} secondes`),
  waitMinutes: (minutes) => (minutes === 1 ? 'dans une minute' : `dans ${minutes} minutes`),
  requestId: 'Numéro de cette demande, pour la personne qui vous aide\u00a0:',
  detail: 'Détails pour l’assistance\u00a0:',

  faults: {
    rate_limited: (wait) => `Il y a eu trop d’essais. Veuillez réessayer ${wait}.`,
    soon: 'dans quelques minutes',
    busy: 'Trop de personnes se connectent en ce moment même. Veuillez réessayer dans quelques secondes.',
    weak: 'Ce mot de passe est trop facile à deviner\u00a0: trop court, très répandu, ou contenant votre nom ou votre adresse. Veuillez en choisir un autre.',
    differs: 'Les deux mots de passe ne sont pas identiques. Veuillez saisir deux fois le nouveau.',
    code: 'Ce code n’est pas le bon, ou il a déjà servi. Veuillez attendre le suivant et vérifier que votre appareil est à l’heure.',
    digits: 'Veuillez saisir les six chiffres affichés par l’application.',
    wrong: 'Ce que vous avez saisi n’est pas exact.',
    invalid: 'Ce que vous avez saisi ne peut pas être utilisé. Veuillez le vérifier.',
    taken: 'C’est déjà utilisé.',
    unavailable:
      'Il n’y a pas de réponse pour l’instant. Veuillez réessayer dans quelques minutes, ou choisir un autre moyen.',
  },

  stopped: {
    csrf: 'Veuillez recommencer',
    cookies: 'Il manque un cookie',
    not_found: 'Cette page n’existe pas',
    method_off: 'Ce moyen de se connecter est fermé',
    unreadable: 'Cet envoi n’a pas pu être lu',
    too_large: 'Cet envoi est trop volumineux',
  },
  stoppedText: {
    csrf: () =>
      'Le formulaire n’a pas été envoyé depuis la page affichée ici, ou la page est restée ouverte trop longtemps. Rien n’a été modifié.',
    cookies: (host) =>
      `Votre navigateur n’a pas envoyé le cookie qui permet à cette page de le reconnaître. Veuillez autoriser les cookies pour ${host}, puis recommencer. Rien n’a été modifié.`,
    not_found: () => 'Veuillez vérifier que vous avez copié l’adresse en entier.',
    method_off: () => 'Un administrateur l’a fermé, ou il n’a jamais été ouvert. Veuillez choisir un autre moyen.',
    unreadable: () => 'Votre navigateur a envoyé quelque chose que cette page n’attend pas. Rien n’a été modifié.',
    too_large: () => 'Votre navigateur a envoyé plus que ce que cette page accepte. Rien n’a été modifié.',
  },
  failed: 'Un problème est survenu de notre côté',
  failedText: 'Vous n’y êtes pour rien et rien n’a été modifié. Veuillez réessayer dans quelques minutes.',
  failedNext: (host) =>
    html`Si cela continue, signalez-le à l’administrateur de <strong>${host}</strong>, avec le numéro ci-dessous.`,

  passkey: {
    script:
      'Les clés d’accès ont besoin de JavaScript, qui est désactivé dans votre navigateur. Activez-le pour ce site, ou choisissez un autre moyen.',
    unsupported:
      'Ce navigateur ne peut pas utiliser de clé d’accès ici. Veuillez choisir un autre moyen, ou un autre navigateur.',
    waiting: 'Veuillez suivre ce que votre appareil demande.',
    cancelled: 'L’opération a été annulée, ou elle a pris trop de temps. Vous pouvez réessayer.',
    exists: 'Cet appareil a déjà une clé d’accès pour ce compte.',
    failed: 'Votre appareil n’a pas pu utiliser de clé d’accès ici. Veuillez réessayer, ou choisir un autre moyen.',
    refused:
      'Cette clé d’accès n’a pas été acceptée. Elle a peut-être été retirée du compte. Veuillez choisir un autre moyen.',
  },

  factor: {
    intro:
      'Une application d’authentification affiche sur votre téléphone un nouveau code toutes les 30 secondes\u00a0: Aegis, FreeOTP, celle du fabricant de votre téléphone, ou toute autre de ce genre.',
    scan: 'Scannez cette image avec l’application.',
    picture: 'Code QR contenant la clé de votre compte. La même clé figure ci-dessous en toutes lettres.',
    type: 'Si vous ne pouvez pas le scanner, saisissez cette clé à la main\u00a0:',
    code: 'Saisissez le code que l’application affiche maintenant.',
  },
  codes: {
    title: 'Vos codes de secours',
    text: 'Avec l’un de ces codes, vous pourrez vous connecter si vous perdez votre téléphone ou votre clé. Chacun sert une seule fois.',
    once: 'Ils ne sont affichés que cette fois\u00a0: imprimez-les, ou gardez-les en lieu sûr, ailleurs que dans votre téléphone.',
    list: 'Codes de secours',
    kept: 'Je les ai mis de côté',
  },
}

export const PEOPLE_WORDS: Readonly<Record<Language, PeopleWords>> = { en, fr }
