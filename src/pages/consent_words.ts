import type { OpenIdScope } from '../core/openid_types.ts'
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of the pages on which somebody decides what an application may know of him, or lets a device in. */

const en = {
  title: (application: string) => `Allow ${application}?`,
  asks: (application: string): Html => html`<strong>${application}</strong> would like to know who you are.`,
  asksMore: (application: string): Html =>
    html`<strong>${application}</strong> may use your account already, and asks for something more.`,
  gets: 'If you allow it, it may:',
  scopes: {
    openid: 'recognise you when you come back, by a number that stands for you',
    profile: 'see your name and your login',
    email: 'see your e-mail address',
    groups: 'see the groups that you are in, and your role',
    organization: 'see the organisation that you act for',
    offline_access: 'keep this access while you are not signed in, until you take it back',
  } satisfies Record<OpenIdScope, string>,
  resource: (id: string, scopes: readonly string[]): Html =>
    html`act for you at <code>${id}</code>, with these rights: ${list(scopes, 'and')}`,
  as: 'You are signed in as',
  place: 'Your answer goes to',
  back: 'You can take it back at any time, on the page of your account. Your password is not told.',
  allow: 'Allow',
  deny: 'Do not allow',
  someoneElse: 'Sign in as somebody else',

  notAllowedTitle: (application: string) => `${application} is not open to you`,
  notAllowed: 'Your account is not among those that may use it. The application was told nothing of you.',
  notAllowedNext:
    'If you have another account, sign in with it. If you need access, ask the administrator, with the number below.',
  noEmailTitle: 'A verified e-mail address is missing',
  noEmail: (application: string): Html =>
    html`<strong>${application}</strong> knows its people by their e-mail address, and your account has none that it can use and that was verified. It was told nothing of you.`,
  noEmailNext: 'Add an address to your account and verify it, then start again at the application.',
  emails: 'My e-mail addresses',
  otherTitle: 'The application expects somebody else',
  other: (application: string): Html =>
    html`<strong>${application}</strong> wants the person to go on who was signed in there before, and that is another account.`,
  otherNext: 'Sign in with that account, or go back to the application and start again there.',
  staleTitle: 'Please start again at the application',
  stale: 'This page was used already, was open for too long, or belongs to another browser. Nothing was changed.',
  staleNext: 'Go back to the application and start again there, in one window.',
  account: 'My account',

  device: {
    title: 'Connect a device',
    text: 'Enter the code that your device shows.',
    code: 'Code of the device',
    hint: 'Eight letters, with or without the dash',
    compare: 'The code came with the link that you followed. Go on only if your device shows the same one.',
    submit: 'Continue',
    wrong: 'This code is not known, is too old, or was used already. Please check it, or ask the device for a new one.',
    confirmTitle: 'Is this your device?',
    asks: (application: string): Html => html`A device wants to use <strong>${application}</strong> with your account.`,
    same: 'Go on only if you have started this yourself, and your device shows this code:',
    from: 'Asked from',
    at: 'Asked on',
    with: 'By',
    unknown: 'unknown',
    allowedTitle: 'The device is connected',
    allowed: (application: string): Html =>
      html`Your device can use <strong>${application}</strong> now: it will go on by itself. You can close this page.`,
    deniedTitle: 'The device was not connected',
    denied: (application: string): Html =>
      html`The device was told that you do not allow it to use <strong>${application}</strong>. If you did not start this, nothing more is to be done.`,
  },

  errorTitle: 'The application cannot go on',
  error: {
    client: 'The application that brought you here is not known here, or was switched off.',
    redirect:
      'The application wants its answer sent to an address that is not registered for it. You were not sent on, for your own safety.',
    stale: 'This request was answered already, is too old, or was begun in another browser.',
    request: 'The application asks for something that is not set up, or not as it should.',
  },
  errorNext:
    'Go back to the application and start again there. If it happens again, tell the administrator, with the number below.',
}

export type ConsentWords = typeof en

const fr: ConsentWords = {
  title: (application) => `Autoriser ${application}\u00a0?`,
  asks: (application) => html`<strong>${application}</strong> souhaite savoir qui vous êtes.`,
  asksMore: (application) =>
    html`<strong>${application}</strong> a déjà accès à votre compte et demande quelque chose de plus.`,
  gets: 'Si vous l’autorisez, cette application pourra\u00a0:',
  scopes: {
    openid: 'vous reconnaître à votre retour, par un numéro qui vous désigne',
    profile: 'connaître votre nom et votre identifiant',
    email: 'connaître votre adresse électronique',
    groups: 'connaître les groupes dont vous faites partie, et votre rôle',
    organization: 'connaître l’organisation pour laquelle vous agissez',
    offline_access: 'garder cet accès quand vous n’êtes pas connecté, jusqu’à ce que vous le retiriez',
  },
  resource: (id, scopes) =>
    html`agir pour vous auprès de <code>${id}</code>, avec ces droits\u00a0: ${list(scopes, 'et')}`,
  as: 'Vous êtes connecté en tant que',
  place: 'Votre réponse sera envoyée à',
  back: 'Vous pouvez revenir sur cette autorisation à tout moment, sur la page de votre compte. Votre mot de passe n’est pas communiqué.',
  allow: 'Autoriser',
  deny: 'Ne pas autoriser',
  someoneElse: 'Se connecter avec un autre compte',

  notAllowedTitle: (application) => `${application} ne vous est pas ouvert`,
  notAllowed:
    'Votre compte ne fait pas partie de ceux qui peuvent utiliser cette application. Rien de vous ne lui a été communiqué.',
  notAllowedNext:
    'Si vous avez un autre compte, connectez-vous avec celui-ci. Si vous avez besoin d’un accès, demandez-le à l’administrateur, avec le numéro ci-dessous.',
  noEmailTitle: 'Il manque une adresse électronique vérifiée',
  noEmail: (application) =>
    html`<strong>${application}</strong> reconnaît ses utilisateurs à leur adresse électronique, et votre compte n’en a aucune qui lui convienne et qui ait été vérifiée. Rien de vous ne lui a été communiqué.`,
  noEmailNext: 'Ajoutez une adresse à votre compte et vérifiez-la, puis recommencez depuis l’application.',
  emails: 'Mes adresses électroniques',
  otherTitle: 'L’application attend quelqu’un d’autre',
  other: (application) =>
    html`<strong>${application}</strong> veut continuer avec la personne qui y était connectée, et c’est un autre compte.`,
  otherNext: 'Connectez-vous avec ce compte, ou retournez à l’application et recommencez depuis le début.',
  staleTitle: 'Veuillez recommencer depuis l’application',
  stale:
    'Cette page a déjà servi, est restée ouverte trop longtemps ou appartient à un autre navigateur. Rien n’a été modifié.',
  staleNext: 'Retournez à l’application et recommencez depuis le début, dans une seule fenêtre.',
  account: 'Mon compte',

  device: {
    title: 'Connecter un appareil',
    text: 'Saisissez le code que votre appareil affiche.',
    code: 'Code de l’appareil',
    hint: 'Huit lettres, avec ou sans le tiret',
    compare: 'Ce code vient du lien que vous avez suivi. Ne continuez que si votre appareil affiche le même.',
    submit: 'Continuer',
    wrong:
      'Ce code n’est pas connu, est trop ancien ou a déjà servi. Veuillez le vérifier, ou en demander un nouveau à l’appareil.',
    confirmTitle: 'Est-ce votre appareil\u00a0?',
    asks: (application) => html`Un appareil veut utiliser <strong>${application}</strong> avec votre compte.`,
    same: 'Ne continuez que si vous l’avez demandé vous-même et que votre appareil affiche ce code\u00a0:',
    from: 'Demandé depuis',
    at: 'Demandé le',
    with: 'Par',
    unknown: 'inconnu',
    allowedTitle: 'L’appareil est connecté',
    allowed: (application) =>
      html`Votre appareil peut désormais utiliser <strong>${application}</strong>\u00a0: il va continuer de lui-même. Vous pouvez fermer cette page.`,
    deniedTitle: 'L’appareil n’a pas été connecté',
    denied: (application) =>
      html`L’appareil est informé que vous ne l’autorisez pas à utiliser <strong>${application}</strong>. Si vous n’avez rien demandé, il n’y a rien d’autre à faire.`,
  },

  errorTitle: 'L’application ne peut pas continuer',
  error: {
    client: 'L’application qui vous a mené ici n’est pas connue ici, ou a été désactivée.',
    redirect:
      'L’application veut recevoir sa réponse à une adresse qui n’est pas déclarée pour elle. Par sécurité, vous n’avez pas été redirigé.',
    stale: 'Cette demande a déjà reçu une réponse, est trop ancienne ou a été commencée dans un autre navigateur.',
    request: 'L’application demande quelque chose qui n’est pas prévu, ou ne le demande pas comme il faut.',
  },
  errorNext:
    'Retournez à l’application et recommencez depuis le début. Si cela se reproduit, signalez-le à l’administrateur, avec le numéro ci-dessous.',
}

/** `a`, `b` and `c`: names that a program gave, as they are. */
function list(names: readonly string[], and: string): Html {
  return html`${names.map((name, i) => {
    const before = i === 0 ? '' : i === names.length - 1 ? ` ${and} ` : ', '
    return html`${before}<code>${name}</code>`
  })}`
}

export const CONSENT_WORDS: Readonly<Record<Language, ConsentWords>> = { en, fr }
