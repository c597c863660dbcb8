import type { Reply } from './vendor.ts'

/** The few pages of the stand-in: what is on them is what a person would look for, not what Paheko's look like. */

export function loginPage(oidc: { readonly button: string; readonly url: string } | undefined): Reply {
  const link = oidc === undefined ? '' : `<p><a href="${escaped(oidc.url)}">${escaped(oidc.button)}</a></p>`
  return page(200, 'Connexion', `<form><input name="id"><input name="password" type="password"></form>${link}`)
}

export function homePage(name: string, logout: string): Reply {
  return page(200, `Bonjour ${escaped(name)} !`, `<p><a href="${escaped(logout)}">Déconnexion</a></p>`)
}

export function signedOutPage(login: string): Reply {
  return page(200, 'Vous êtes déconnecté', `<p><a href="${escaped(login)}">Se connecter</a></p>`)
}

export function errorPage(status: number, reason: string): Reply {
  return page(status, 'Erreur', `<p class="error">${escaped(reason)}</p>`)
}

function page(status: number, title: string, body: string): Reply {
  const html = `<!DOCTYPE html><html lang="fr"><meta charset="utf-8"><title>${title}</title><h1>${title}</h1>${body}</html>\n`
  return { status, headers: { 'Content-Type': 'text/html; charset=utf-8' }, body: html }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
