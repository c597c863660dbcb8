import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of the steps between the first proof and the session. */

const en = {
  secondTitle: 'One more step',
  secondText: 'Your account is protected by a second factor.',
  byCode: 'Enter the code that your authenticator app shows now.',
  bySubmit: 'Confirm',
  byPasskey: 'Use a passkey',
  byPasskeyText: 'Confirm with your fingerprint, your face, a PIN or a security key.',
  byRecovery: 'Use a recovery code',
  byRecoveryText: 'Phone or key lost? Enter one of the codes that you have kept. It works once.',
  recoveryCode: 'Recovery code',
  /** Of a code, or of a passkey. */
  wrong: 'It was not accepted. If it was a code, it may be mistyped, or used already.',
  nothing: 'None of your second factors can be used here. Please ask the administrator.',

  enrolTitle: 'Set up a second factor',
  enrolText: 'What you want to reach asks for a second factor besides your first proof, and your account has none yet.',
  enrolSubmit: 'Set it up',

  organizationTitle: 'For which organisation?',
  organizationText: 'You belong to several organisations. Choose the one for which you act now.',
  organizationLabel: (count: number) => `Organisations (${count})`,
  siret: (siret: string) => `SIRET ${siret}`,

  firstTitle: 'You are new here',
  firstText: (provider: string): Html =>
    html`<strong>${provider}</strong> has told us who you are. No account here is linked to that identity yet.`,
  said: 'What it said of you',
  name: 'Name',
  email: 'E-mail address',
  known:
    'There is an account with this e-mail address already. It is not joined by itself, since addresses change hands: if it is yours, sign in to it below.',
  linkTitle: 'You have an account here',
  linkText: 'Sign in to it once, as usual. From then on both ways lead to the same account.',
  createTitle: 'You have none',
  createText: 'A new account is made from what is shown above.',
  create: 'Make a new account',
  closed: 'No account can be made or linked here by yourself. Please ask the administrator.',
}

export type StepWords = typeof en

const fr: StepWords = {
  secondTitle: 'Encore une étape',
  secondText: 'Votre compte est protégé par un second facteur.',
  byCode: 'Saisissez le code que votre application d’authentification affiche maintenant.',
  bySubmit: 'Confirmer',
  byPasskey: 'Utiliser une clé d’accès',
  byPasskeyText: 'Confirmez avec votre empreinte, votre visage, un code PIN ou une clé de sécurité.',
  byRecovery: 'Utiliser un code de secours',
  byRecoveryText:
    'Téléphone ou clé perdus\u00a0? Saisissez l’un des codes que vous avez mis de côté. Il sert une seule fois.',
  recoveryCode: 'Code de secours',
  wrong: 'Cela n’a pas été accepté. S’il s’agit d’un code, il est peut-être erroné, ou il a déjà servi.',
  nothing: 'Aucun de vos seconds facteurs ne peut servir ici. Veuillez vous adresser à l’administrateur.',

  enrolTitle: 'Mettre en place un second facteur',
  enrolText:
    'Ce que vous voulez atteindre demande un second facteur en plus de votre première identification, et votre compte n’en a pas encore.',
  enrolSubmit: 'Mettre en place',

  organizationTitle: 'Pour quelle organisation\u00a0?',
  organizationText:
    'Vous appartenez à plusieurs organisations. Choisissez celle pour laquelle vous agissez maintenant.',
  organizationLabel: (count) => `Vos organisations (${count})`,
  siret: (siret) => `SIRET\u00a0: ${siret}`,

  firstTitle: 'C’est votre première visite',
  firstText: (provider) =>
    html`<strong>${provider}</strong> nous a dit qui vous êtes. Aucun compte n’est encore relié à cette identité ici.`,
  said: 'Ce qui nous a été dit de vous',
  name: 'Nom',
  email: 'Adresse électronique',
  known:
    'Un compte avec cette adresse électronique existe déjà. Il n’est pas relié de lui-même, car une adresse peut changer de mains\u00a0: si c’est le vôtre, connectez-vous-y ci-dessous.',
  linkTitle: 'Vous avez un compte ici',
  linkText: 'Connectez-vous-y une fois, comme d’habitude. Ensuite, les deux moyens mèneront au même compte.',
  createTitle: 'Vous n’en avez pas',
  createText: 'Un nouveau compte est créé à partir de ce qui est affiché plus haut.',
  create: 'Créer un compte',
  closed: 'Vous ne pouvez ni créer ni relier de compte ici par vous-même. Veuillez vous adresser à l’administrateur.',
}

export const STEP_WORDS: Readonly<Record<Language, StepWords>> = { en, fr }
