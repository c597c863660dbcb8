import type { Refusal } from '../sign_in/method.ts'
import type { Language } from './language.ts'

/** Why a sign-in does not go on: what happened, and what to do next. Every reason of the contract has its text in both languages. */

export interface RefusalWords {
  readonly title: string
  readonly text: string
  /** What to do, step by step where there is more than one thing. */
  readonly next: readonly string[]
}

type Table = Readonly<Record<Refusal, RefusalWords>>

const en: Table = {
  denied: {
    title: 'The sign-in was not approved',
    text: 'You did not approve it at the provider, or the provider refused. Nothing was changed here.',
    next: ['Start again, and approve it this time; or choose another way to sign in.'],
  },
  stale: {
    title: 'Please start again',
    text: 'This page was open for too long, was used already, or belongs to another browser.',
    next: ['Start again, and stay in one window until you are signed in.'],
  },
  spent: {
    title: 'This link no longer works',
    text: 'It was used already, is too old, or was replaced by a newer one.',
    next: [
      'If you have chosen your password already, sign in with it.',
      'Otherwise ask whoever sent it for a new one.',
    ],
  },
  untrusted: {
    title: 'The provider’s answer could not be trusted',
    text: 'The answer of the provider did not hold when it was checked. You were not signed in, and nothing was changed.',
    next: [
      'Start again. If it happens a second time, choose another way to sign in.',
      'Tell the administrator, with the number below.',
    ],
  },
  too_weak: {
    title: 'A stronger proof is needed',
    text: 'The provider did not check you as strictly as it is asked for here.',
    next: [
      'Start again, and use your second factor at the provider (a code, an app or a security key).',
      'If you have none there, set one up at the provider first.',
    ],
  },
  unknown: {
    title: 'You have no account here',
    text: 'It was shown who you are, but no account here is linked to that identity, and none is made by itself.',
    next: [
      'If you have an account here, sign in another way and link this one on the page of your account.',
      'Otherwise ask the administrator for an invitation, with the number below.',
    ],
  },
  disabled: {
    title: 'Your account is disabled',
    text: 'It was shown who you are, but an administrator has disabled your account.',
    next: ['If you think that this is a mistake, ask the administrator, with the number below.'],
  },
  no_organization: {
    title: 'Your organisation is not known here',
    text: 'You have shown who you are, but none of the organisations to which you belong (by their SIRET) is registered here. No account was made.',
    next: [
      'If you have several accounts at your provider, check that you used the one of your organisation: sign out there, then start again.',
      'Ask the person in charge of this service to register your organisation. Give its name, its SIRET (14 digits) and the number below.',
      'If you have just joined an organisation, or its SIRET has changed, ask its administrator whether you were added to it at your provider.',
    ],
  },
  not_allowed: {
    title: 'This application is not open to you',
    text: 'Your account is not among those that may use this application.',
    next: ['If you need it, ask the administrator for access, with the number below.'],
  },
  bad_request: {
    title: 'This address cannot be used',
    text: 'The link or the application that brought you here asks for something that is not set up. You were not sent on, for your own safety.',
    next: [
      'Go back to the application and start again there.',
      'If it happens again, tell the administrator, with the number below.',
    ],
  },
  loop: {
    title: 'The site does not keep your session',
    text: 'You are signed in here, but the site sends you back each time as if you were not. You were stopped before it goes on for ever.',
    next: [
      'Allow cookies for the site, and for this one; some extensions and private windows block them.',
      'Open the site by an address that begins with https://.',
      'Administrator: the proxy of the site has to pass on the Set-Cookie header of the answer, and to keep the host name and https of the request.',
    ],
  },
}

const fr: Table = {
  denied: {
    title: 'La connexion n’a pas été acceptée',
    text: 'Vous n’avez pas donné votre accord chez le fournisseur d’identité, ou celui-ci a refusé. Rien n’a été modifié ici.',
    next: ['Recommencez en donnant votre accord, ou choisissez un autre moyen de vous connecter.'],
  },
  stale: {
    title: 'Veuillez recommencer',
    text: 'Cette page est restée ouverte trop longtemps, a déjà servi ou appartient à un autre navigateur.',
    next: ['Recommencez, en restant dans une seule fenêtre jusqu’à ce que vous soyez connecté.'],
  },
  spent: {
    title: 'Ce lien ne fonctionne plus',
    text: 'Il a déjà servi, il est trop ancien ou un autre l’a remplacé.',
    next: [
      'Si vous avez déjà choisi votre mot de passe, connectez-vous avec lui.',
      'Sinon, demandez-en un nouveau à la personne qui vous l’a envoyé.',
    ],
  },
  untrusted: {
    title: 'La réponse du fournisseur d’identité n’est pas fiable',
    text: 'La réponse du fournisseur d’identité n’a pas résisté à la vérification. Vous n’avez pas été connecté et rien n’a été modifié.',
    next: [
      'Recommencez. Si cela se reproduit, choisissez un autre moyen de vous connecter.',
      'Signalez-le à l’administrateur, avec le numéro ci-dessous.',
    ],
  },
  too_weak: {
    title: 'Une identification plus forte est nécessaire',
    text: 'Le fournisseur d’identité ne vous a pas identifié aussi strictement que ce qui est demandé ici.',
    next: [
      'Recommencez en utilisant votre second facteur chez le fournisseur (un code, une application ou une clé de sécurité).',
      'Si vous n’en avez pas chez lui, commencez par en mettre un en place.',
    ],
  },
  unknown: {
    title: 'Vous n’avez pas de compte ici',
    text: 'Votre identité est établie, mais aucun compte n’est relié ici à cette identité, et il n’en est pas créé automatiquement.',
    next: [
      'Si vous avez un compte ici, connectez-vous autrement, puis reliez ce moyen sur la page de votre compte.',
      'Sinon, demandez une invitation à l’administrateur, avec le numéro ci-dessous.',
    ],
  },
  disabled: {
    title: 'Votre compte est désactivé',
    text: 'Votre identité est établie, mais un administrateur a désactivé votre compte.',
    next: ['Si vous pensez que c’est une erreur, adressez-vous à l’administrateur, avec le numéro ci-dessous.'],
  },
  no_organization: {
    title: 'Votre organisation n’est pas connue ici',
    text: 'Votre identité est établie, mais aucune des organisations dont vous faites partie (d’après leur SIRET) n’est enregistrée ici. Aucun compte n’a été créé.',
    next: [
      'Si vous avez plusieurs comptes chez votre fournisseur d’identité, vérifiez que vous avez utilisé celui de votre organisation\u00a0: déconnectez-vous chez lui, puis recommencez.',
      'Demandez à la personne responsable de ce service d’enregistrer votre organisation. Donnez-lui son nom, son SIRET (14 chiffres) et le numéro ci-dessous.',
      'Si vous venez de rejoindre une organisation, ou si son SIRET a changé, demandez à son administrateur si vous y avez bien été ajouté chez votre fournisseur d’identité.',
    ],
  },
  not_allowed: {
    title: 'Cette application ne vous est pas ouverte',
    text: 'Votre compte ne fait pas partie de ceux qui peuvent utiliser cette application.',
    next: ['Si vous en avez besoin, demandez un accès à l’administrateur, avec le numéro ci-dessous.'],
  },
  bad_request: {
    title: 'Cette adresse ne peut pas être utilisée',
    text: 'Le lien ou l’application qui vous a mené ici demande quelque chose qui n’est pas prévu. Par sécurité, vous n’avez pas été redirigé.',
    next: [
      'Retournez à l’application et recommencez depuis le début.',
      'Si cela se reproduit, signalez-le à l’administrateur, avec le numéro ci-dessous.',
    ],
  },
  loop: {
    title: 'Le site ne garde pas votre session',
    text: 'Vous êtes connecté ici, mais le site vous renvoie chaque fois comme si vous ne l’étiez pas. Ces allers-retours ont été arrêtés.',
    next: [
      'Autorisez les cookies pour ce site et pour celui-ci\u00a0; certaines extensions et les fenêtres privées les bloquent.',
      'Ouvrez le site par une adresse qui commence par https://.',
      'Administrateur\u00a0: le proxy du site doit transmettre l’en-tête Set-Cookie de la réponse, et conserver le nom d’hôte et le https de la demande.',
    ],
  },
}

export const REFUSED_WORDS: Readonly<Record<Language, Table>> = { en, fr }
