import type { OpenIdScope } from '../core/openid_types.ts'
import { type Html, html } from './html.ts'
import type { Language } from './language.ts'

/** The texts of `/account/applications`. */

const en = {
  text: 'These applications know you by this account. Revoke the access of one that you no longer use, or do not know.',
  none: 'No application knows you yet.',
  since: (when: Html): Html => html`since ${when}`,
  signedIn: 'signed in',
  knows: 'It knows',
  nothing: 'It knows nothing of you at present.',
  /** In one sentence behind `knows`; what `openid` alone says is that it is you again. */
  scopes: {
    openid: 'that it is you',
    profile: 'your name',
    email: 'your e-mail address',
    groups: 'your groups, your role',
    organization: 'the organisation that you act for',
  } satisfies Record<Exclude<OpenIdScope, 'offline_access'>, string>,
  offline: 'It can act for you while you are away.',
  revoke: 'Revoke',
  confirm: {
    title: 'Revoke the access of this application?',
    text: 'The application can no longer act for you and, where it can be told, signs you out. It may ask for access again when you next sign in to it. To have what it knows of you deleted, ask those who run it.',
    submit: 'Revoke the access',
  },
}

export type ApplicationWords = typeof en

const fr: ApplicationWords = {
  text: 'Ces applications vous connaissent par ce compte. Révoquez l’accès de celles que vous n’utilisez plus ou ne reconnaissez pas.',
  none: 'Aucune application ne vous connaît encore.',
  since: (when) => html`depuis le ${when}`,
  signedIn: 'connecté',
  knows: 'Elle connaît',
  nothing: 'Elle ne connaît rien de vous pour l’instant.',
  scopes: {
    openid: 'votre identité ici',
    profile: 'votre nom',
    email: 'votre adresse électronique',
    groups: 'vos groupes, votre rôle',
    organization: 'l’organisation pour laquelle vous agissez',
  },
  offline: 'Elle peut agir pour vous en votre absence.',
  revoke: 'Révoquer',
  confirm: {
    title: 'Révoquer l’accès de cette application\u00a0?',
    text: 'L’application ne pourra plus agir pour vous et, si elle sait en être informée, vous déconnectera. Elle pourra redemander l’accès quand vous vous y connecterez à nouveau. Pour faire effacer ce qu’elle sait de vous, adressez-vous à ceux qui la gèrent.',
    submit: 'Révoquer l’accès',
  },
}

export const APPLICATION_WORDS: Readonly<Record<Language, ApplicationWords>> = { en, fr }
