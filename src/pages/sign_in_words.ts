import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of the pages on which somebody signs in or out, or sets a password by a link. */

const en = {
  title: 'Sign in',
  towards: (name: string): Html => html`to continue to <strong>${name}</strong>`,
  againTitle: 'Please confirm that it is you',
  againText: 'You are signed in, and what follows needs a fresh proof.',
  login: 'Login or e-mail address',
  account: 'Account',
  submit: 'Sign in',
  confirm: 'Confirm',
  forgotten: 'Forgotten your password?',
  ways: 'Other ways to sign in',
  onlyWays: 'Ways to sign in',
  by: (name: string) => `Sign in with ${name}`,
  byPassword: 'Sign in with a password',
  byPasskey: 'Sign in with a passkey',
  none: 'No way to sign in is open at the moment. Please ask the administrator.',

  faults: {
    wrong: 'The login or the password is not right.',
    wrongAgain: 'The password is not right.',
    empty: 'Please enter your login and your password.',
    unavailable: (name: string) => `${name} does not answer. Please try again in a few minutes, or choose another way.`,
  },

  passkeyTitle: 'Sign in with a passkey',
  passkeyText: 'Your device will ask for your fingerprint, your face, a PIN or a security key.',
  passkeySubmit: 'Use a passkey',

  unavailableTitle: (name: string) => `${name} does not answer`,
  unavailableText:
    'You could not be signed in this way. It is not your fault, and nothing was changed. Please try again in a few minutes, or choose another way.',

  onwardTitle: 'One moment',
  onwardText: (place: string): Html =>
    html`<strong>${place}</strong> is about to open. If nothing happens, use the button.`,

  signOutTitle: 'Sign out?',
  signOutText: 'Your session in this browser ends, here and at the applications that you opened from here.',
  signOutTowards: (name: string): Html => html`<strong>${name}</strong> asks for it.`,
  signOutSubmit: 'Sign out',
  signedOutTitle: 'You are signed out',
  signedOutText: 'On a computer that others use, close the browser too.',
  signInAgain: 'Sign in again',
  back: (host: string) => `Back to ${host}`,

  invitationTitle: (name: string) => `Welcome, ${name}`,
  invitationText: 'Choose a password for your account.',
  invitationWays: 'Or sign in with what you have',
  resetTitle: 'Choose a new password',
  resetText: 'Your sessions in other browsers will end.',
  setSubmit: 'Save the password',

  askTitle: 'Forgotten your password?',
  askText: 'Enter your login or your e-mail address. You will get a link by which you can choose a new password.',
  askSubmit: 'Send the link',
  askEmpty: 'Please enter your login or your e-mail address.',
  askNoMail:
    'No mail can be sent from here. Please ask the administrator for a link by which you can choose a new password.',
  askedTitle: 'Look at your mail',
  askedText:
    'If there is an account with a verified address for what you entered, a message is on its way to it. The link in it works for a limited time.',
  askedNext: 'Nothing came? Look at the unwanted mail too, or ask the administrator for a link.',
  toSignIn: 'Back to sign-in',
}

export type SignInWords = typeof en

const fr: SignInWords = {
  title: 'Connexion',
  towards: (name) => html`pour continuer vers <strong>${name}</strong>`,
  againTitle: 'Veuillez confirmer que c’est bien vous',
  againText: 'Vous êtes connecté, et la suite demande que vous vous identifiiez à nouveau.',
  login: 'Identifiant ou adresse électronique',
  account: 'Compte',
  submit: 'Se connecter',
  confirm: 'Confirmer',
  forgotten: 'Mot de passe oublié\u00a0?',
  ways: 'Autres moyens de se connecter',
  onlyWays: 'Moyens de se connecter',
  by: (name) => `Se connecter avec ${name}`,
  byPassword: 'Se connecter avec un mot de passe',
  byPasskey: 'Se connecter avec une clé d’accès',
  none: 'Aucun moyen de se connecter n’est ouvert pour l’instant. Veuillez vous adresser à l’administrateur.',

  faults: {
    wrong: 'L’identifiant ou le mot de passe n’est pas le bon.',
    wrongAgain: 'Le mot de passe n’est pas le bon.',
    empty: 'Veuillez saisir votre identifiant et votre mot de passe.',
    unavailable: (name) =>
      `${name} ne répond pas. Veuillez réessayer dans quelques minutes, ou choisir un autre moyen.`,
  },

  passkeyTitle: 'Se connecter avec une clé d’accès',
  passkeyText: 'Votre appareil vous demandera votre empreinte, votre visage, un code PIN ou une clé de sécurité.',
  passkeySubmit: 'Utiliser une clé d’accès',

  unavailableTitle: (name) => `${name} ne répond pas`,
  unavailableText:
    'La connexion par ce moyen n’a pas abouti. Vous n’y êtes pour rien et rien n’a été modifié. Veuillez réessayer dans quelques minutes, ou choisir un autre moyen.',

  onwardTitle: 'Un instant',
  onwardText: (place) => html`Le site <strong>${place}</strong> va s’ouvrir. Si rien ne se passe, utilisez le bouton.`,

  signOutTitle: 'Se déconnecter\u00a0?',
  signOutText:
    'Votre session dans ce navigateur prendra fin, ici et dans les applications que vous avez ouvertes à partir d’ici.',
  signOutTowards: (name) => html`La demande vient de <strong>${name}</strong>.`,
  signOutSubmit: 'Se déconnecter',
  signedOutTitle: 'Vous êtes déconnecté',
  signedOutText: 'Sur un ordinateur partagé, fermez aussi le navigateur.',
  signInAgain: 'Se reconnecter',
  back: (host) => `Revenir à ${host}`,

  invitationTitle: (name) => `Bienvenue, ${name}`,
  invitationText: 'Choisissez un mot de passe pour votre compte.',
  invitationWays: 'Ou connectez-vous avec ce que vous avez déjà',
  resetTitle: 'Choisissez un nouveau mot de passe',
  resetText: 'Vos sessions dans les autres navigateurs prendront fin.',
  setSubmit: 'Enregistrer le mot de passe',

  askTitle: 'Mot de passe oublié\u00a0?',
  askText:
    'Saisissez votre identifiant ou votre adresse électronique. Vous recevrez un lien pour choisir un nouveau mot de passe.',
  askSubmit: 'Envoyer le lien',
  askEmpty: 'Veuillez saisir votre identifiant ou votre adresse électronique.',
  askNoMail:
    'Aucun message ne peut être envoyé d’ici. Veuillez demander à l’administrateur un lien pour choisir un nouveau mot de passe.',
  askedTitle: 'Consultez votre messagerie',
  askedText:
    'Si un compte avec une adresse vérifiée correspond à ce que vous avez saisi, un message est en route vers cette adresse. Le lien qu’il contient ne fonctionne qu’un temps.',
  askedNext:
    'Rien n’est arrivé\u00a0? Regardez aussi dans les courriers indésirables, ou demandez un lien à l’administrateur.',
  toSignIn: 'Revenir à la connexion',
}

export const SIGN_IN_WORDS: Readonly<Record<Language, SignInWords>> = { en, fr }
