import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of the connect pages. A language that lacks one does not compile. */

/** Who asks: the organisation and the host where the page stands. */
interface Asker {
  readonly installation?: string | undefined
  readonly host: string
}

const en = {
  connect: (service: string) => `Connect ${service}`,
  connectAgain: (service: string) => `Connect ${service} again`,
  asks: ({ installation, host }: Asker, service: string): Html =>
    installation === undefined
      ? html`<strong>${host}</strong> asks you to connect an account at ${service}.`
      : html`<strong>${installation}</strong> (${host}) asks you to connect an account at ${service}.`,
  kept: ({ host }: Asker, service: string) =>
    `What you enter here goes to ${host}, is kept encrypted there, and is used to reach ${service}.`,
  findIt: 'Not sure where to find this?',
  documentation: (service: string) => `Documentation of ${service}`,
  ways: 'Ways to connect',
  example: (example: string) => html`Example: ${example}`,
  register: (service: string) =>
    `The application has to be registered at ${service} with this address, to which people come back:`,
  typeAgain: 'Secrets are not kept in the page: please enter them again.',
  submit: 'Connect',
  proceed: 'Continue',

  sentTo: ({ service, signInHost }: { service: string; signInHost: string }): Html =>
    html`To connect it, you will go on to the site of ${service}. The address bar will show <strong>${signInHost}</strong>.`,
  steps: (service: string, host: string) => [
    `Sign in to ${service} as usual. ${host} does not see your password.`,
    'Read what is asked for, and approve it.',
    'You come back here.',
  ],
  goTo: (service: string) => `Continue to ${service}`,
  leading: (service: string) => `On to ${service}`,
  leadingOn: (place: string): Html =>
    html`The site <strong>${place}</strong> is about to open. If nothing happens, use the button.`,

  chooseTitle: 'Choose an account',
  chooseText: (service: string) => `You have access to several accounts at ${service}. Which one should be connected?`,
  accounts: (count: number) => `Accounts (${count})`,
  chooseNone: 'Choose one of the accounts.',
  chooseSubmit: 'Connect this account',

  done: (service: string) => `${service} is connected`,
  identity: (identity: string): Html => html`Account: <strong>${identity}</strong>`,
  doneText: 'There is nothing left to do here.',
  close: 'You can close this page.',
  back: (host: string) => `Back to ${host}`,

  codeTitle: 'One last step',
  codeText: (service: string) =>
    `${service} accepted. Send this code to the person who gave you the link: the connection works once they have entered it.`,
  codeLabel: 'Code',
  codeMinutes: (minutes: number) =>
    `It can be used once, within ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, and is not shown again.`,
  codeWarning: 'If you do not know this person, send nothing and close this page: nothing will be connected.',

  ended: { expired: 'This link has expired', used: 'This link was already used', unknown: 'This link is not known' },
  endedText: {
    expired: 'Links to connect a service work for a limited time.',
    used: 'A link to connect a service works once. If you used it yourself, there is nothing left to do.',
    unknown: 'Please check that you copied the whole address.',
  },
  endedNext: 'To get a new link, ask the person who sent you this one.',

  refused: {
    person: 'The connection was not approved',
    service: (service: string) => `${service} refused the connection`,
    trouble: (service: string) => `${service} could not be connected`,
    other_account: 'This is another account',
  },
  refusedText: {
    person: (service: string) => `You did not approve the access at ${service}. Nothing was connected.`,
    service: (service: string) =>
      `${service} did not accept the connection, and nothing was connected. Your account may lack a right, or the application may be unknown to ${service}.`,
    trouble: (service: string) =>
      `${service} did not answer, or not as expected. Nothing was connected. Please try again in a few minutes.`,
    other_account: (service: string) =>
      `You signed in to ${service} with another account than the one that is connected. Sign out of ${service} first, then try again with the same account as before.`,
  },
  retry: 'Try again',

  stopped: { stale: 'Please open the page again', cookies: 'A cookie is missing', wrong: 'This could not be read' },
  stoppedText: {
    stale: () => 'The form was not sent from the page that was shown here, or the page was open for too long.',
    cookies: (host: string) =>
      `Your browser did not send the cookie by which this page knows it again. Please allow cookies for ${host}, then open the link again.`,
    wrong: () => 'Your browser sent something that this page does not expect, or too much of it.',
  },
  stoppedNext: 'Nothing was connected or changed.',

  failed: 'Something went wrong on our side',
  failedText: 'The connection could not be completed. It is not your fault: please try again in a few minutes.',
  failedNext: (host: string) =>
    `If it goes on, tell the person who sent you the link, with this number and the name ${host}:`,

  detail: 'Details for support:',
  faults: {
    fields: () => 'Some of what you entered cannot be used:',
    refused: (service: string) =>
      `${service} refused what you entered. Please check each field, for instance for a missing character.`,
    unreachable: (service: string) =>
      `${service} cannot be reached. Please check the address; if it is right, try again later.`,
    timeout: (service: string) => `${service} did not answer in time. Please try again in a moment.`,
    address: () => 'This address is not allowed here. Please use the public https:// address of the service.',
    unexpected: (service: string) =>
      `${service} answered, but not as expected. Please check the address, and that your account may use the interface for programs (API).`,
    other_account: () => 'This is another account than the one that was connected before. Please use the same account.',
    stale: () => 'The page was open for too long. Please send the form again.',
    later: () => 'There is too much going on at the moment. Please try again in a few minutes.',
    ours: () => 'It could not be checked because of a trouble on our side. Please try again in a few minutes.',
  },
  fieldFaults: {
    required: 'Please fill in this field.',
    address: 'Enter an address that begins with https://, without “?”, “#” or spaces.',
    addressPath: 'The path of this address cannot be used.',
    userInfo: 'The address may not contain a user name or password.',
    hostname: 'Enter a host name, such as example.org.',
    path: 'Enter a path that begins with “/”, without spaces.',
    option: 'Choose one of the values of the list.',
    pattern: 'This does not have the form that is expected here.',
    long: 'This is too long.',
    spaces: 'There is a space at the start or at the end. Was it copied along?',
    control: 'This contains a line break or another invisible character.',
    letters: 'This contains a character that cannot be sent (an accent, for instance).',
    colon: 'A user name may not contain “:”.',
    header: 'This name of a header cannot be used.',
    refused: 'The service refused this. Please check it, for instance for a missing character.',
    other: 'This value cannot be used',
  },
}

export type ConnectWords = typeof en

const fr: ConnectWords = {
  connect: (service) => `Connecter ${service}`,
  connectAgain: (service) => `Reconnecter ${service}`,
  asks: ({ installation, host }, service) =>
    installation === undefined
      ? html`<strong>${host}</strong> vous demande de connecter un compte ${service}.`
      : html`<strong>${installation}</strong> (${host}) vous demande de connecter un compte ${service}.`,
  kept: ({ host }, service) =>
    `Ce que vous saisissez ici est envoyé à ${host}, y est conservé chiffré et sert à joindre ${service}.`,
  findIt: 'Où trouver ces informations\u00a0?',
  documentation: (service) => `Documentation de ${service}`,
  ways: 'Manières de se connecter',
  example: (example) => html`Exemple\u00a0: ${example}`,
  register: (service) =>
    `L’application doit être déclarée chez ${service} avec cette adresse de retour (redirect URI)\u00a0:`,
  typeAgain: 'Les informations secrètes ne sont pas gardées dans la page\u00a0: veuillez les saisir à nouveau.',
  submit: 'Connecter',
  proceed: 'Continuer',

  sentTo: ({ service, signInHost }) =>
    html`Pour cela, le site de ${service} va s’ouvrir. La barre d’adresse affichera <strong>${signInHost}</strong>.`,
  steps: (service, host) => [
    `Identifiez-vous chez ${service} comme d’habitude. ${host} ne voit pas votre mot de passe.`,
    'Lisez ce qui est demandé, puis donnez votre accord.',
    'Vous revenez ici.',
  ],
  goTo: (service) => `Continuer vers ${service}`,
  leading: (service) => `Vers ${service}`,
  leadingOn: (place) => html`Le site <strong>${place}</strong> va s’ouvrir. Si rien ne se passe, utilisez le bouton.`,

  chooseTitle: 'Choisissez un compte',
  chooseText: (service) => `Vous avez accès à plusieurs comptes chez ${service}. Lequel faut-il connecter\u00a0?`,
  accounts: (count) => `Comptes (${count})`,
  chooseNone: 'Choisissez l’un des comptes.',
  chooseSubmit: 'Connecter ce compte',

  done: (service) => `${service} est connecté`,
  identity: (identity) => html`Compte\u00a0: <strong>${identity}</strong>`,
  doneText: 'Il n’y a plus rien à faire ici.',
  close: 'Vous pouvez fermer cette page.',
  back: (host) => `Revenir à ${host}`,

  codeTitle: 'Une dernière étape',
  codeText: (service) =>
    `${service} a accepté. Transmettez ce code à la personne qui vous a envoyé le lien\u00a0: la connexion fonctionnera dès qu’elle l’aura saisi.`,
  codeLabel: 'Code',
  codeMinutes: (minutes) =>
    `Il est valable une seule fois, pendant ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}, et ne sera plus affiché.`,
  codeWarning:
    'Si vous ne connaissez pas cette personne, n’envoyez rien et fermez cette page\u00a0: rien ne sera connecté.',

  ended: { expired: 'Ce lien a expiré', used: 'Ce lien a déjà servi', unknown: 'Ce lien n’est pas reconnu' },
  endedText: {
    expired: 'Les liens de connexion à un service ne fonctionnent qu’un temps.',
    used: 'Un lien de connexion à un service ne sert qu’une fois. Si c’est vous qui l’avez utilisé, il n’y a plus rien à faire.',
    unknown: 'Veuillez vérifier que vous avez copié l’adresse en entier.',
  },
  endedNext: 'Pour obtenir un nouveau lien, adressez-vous à la personne qui vous a envoyé celui-ci.',

  refused: {
    person: 'La connexion n’a pas été acceptée',
    service: (service) => `${service} a refusé la connexion`,
    trouble: (service) => `${service} n’a pas pu être connecté`,
    other_account: 'C’est un autre compte',
  },
  refusedText: {
    person: (service) => `Vous n’avez pas donné votre accord chez ${service}. Rien n’a été connecté.`,
    service: (service) =>
      `${service} n’a pas accepté la connexion et rien n’a été connecté. Il manque peut-être un droit à votre compte, ou l’application n’est pas connue de ${service}.`,
    trouble: (service) =>
      `${service} n’a pas répondu, ou pas comme prévu. Rien n’a été connecté. Veuillez réessayer dans quelques minutes.`,
    other_account: (service) =>
      `Le compte que vous avez utilisé chez ${service} n’est pas celui qui est connecté. Déconnectez-vous d’abord de ${service}, puis réessayez avec le même compte qu’auparavant.`,
  },
  retry: 'Réessayer',

  stopped: {
    stale: 'Veuillez rouvrir la page',
    cookies: 'Il manque un cookie',
    wrong: 'Cet envoi n’a pas pu être lu',
  },
  stoppedText: {
    stale: () =>
      'Le formulaire n’a pas été envoyé depuis la page affichée ici, ou la page est restée ouverte trop longtemps.',
    cookies: (host) =>
      `Votre navigateur n’a pas envoyé le cookie qui permet à cette page de le reconnaître. Veuillez autoriser les cookies pour ${host}, puis rouvrir le lien.`,
    wrong: () => 'Votre navigateur a envoyé quelque chose que cette page n’attend pas, ou en trop grande quantité.',
  },
  stoppedNext: 'Rien n’a été connecté ni modifié.',

  failed: 'Un problème est survenu de notre côté',
  failedText:
    'La connexion n’a pas pu aboutir. Vous n’y êtes pour rien\u00a0: veuillez réessayer dans quelques minutes.',
  failedNext: (host) =>
    `Si cela continue, signalez-le à la personne qui vous a envoyé le lien, avec ce numéro et le nom ${host}\u00a0:`,

  detail: 'Détails pour l’assistance\u00a0:',
  faults: {
    fields: () => 'Certaines informations ne peuvent pas être utilisées\u00a0:',
    refused: (service) =>
      `${service} a refusé ce que vous avez saisi. Veuillez vérifier chaque champ\u00a0: il manque peut-être un caractère.`,
    unreachable: (service) =>
      `${service} est injoignable. Veuillez vérifier l’adresse\u00a0; si elle est juste, réessayez plus tard.`,
    timeout: (service) => `${service} n’a pas répondu à temps. Veuillez réessayer dans un instant.`,
    address: () =>
      'Cette adresse n’est pas autorisée ici. Veuillez utiliser l’adresse publique du service, en https://.',
    unexpected: (service) =>
      `${service} a répondu, mais pas comme prévu. Veuillez vérifier l’adresse, et que votre compte a accès à l’interface destinée aux programmes (API).`,
    other_account: () => 'Ce compte n’est pas celui qui était connecté. Veuillez utiliser le même compte.',
    stale: () => 'La page est restée ouverte trop longtemps. Veuillez envoyer à nouveau le formulaire.',
    later: () => 'Il y a trop d’activité en ce moment. Veuillez réessayer dans quelques minutes.',
    ours: () =>
      'La vérification n’a pas pu se faire, à cause d’un problème de notre côté. Veuillez réessayer dans quelques minutes.',
  },
  fieldFaults: {
    required: 'Veuillez remplir ce champ.',
    address: 'Saisissez une adresse qui commence par https://, sans «\u00a0?\u00a0», «\u00a0#\u00a0» ni espace.',
    addressPath: 'Le chemin de cette adresse ne peut pas être utilisé.',
    userInfo: 'L’adresse ne doit contenir ni identifiant ni mot de passe.',
    hostname: 'Saisissez un nom de domaine, par exemple example.org.',
    path: 'Saisissez un chemin qui commence par «\u00a0/\u00a0», sans espace.',
    option: 'Choisissez une valeur de la liste.',
    pattern: 'Ce n’est pas la forme attendue ici.',
    long: 'C’est trop long.',
    spaces: 'Il y a une espace au début ou à la fin. A-t-elle été copiée par mégarde\u00a0?',
    control: 'Il y a un retour à la ligne ou un autre caractère invisible.',
    letters: 'Il y a un caractère qui ne peut pas être envoyé (un accent, par exemple).',
    colon: 'Un identifiant ne doit pas contenir «\u00a0:\u00a0».',
    header: 'Ce nom d’en-tête ne peut pas être utilisé.',
    refused: 'Le service a refusé cette information. Veuillez la vérifier\u00a0: il manque peut-être un caractère.',
    other: 'Cette valeur ne peut pas être utilisée',
  },
}

export const CONNECT_WORDS: Readonly<Record<Language, ConnectWords>> = { en, fr }
