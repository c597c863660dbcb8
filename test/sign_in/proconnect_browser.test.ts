import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaints, startBrowser, type TestBrowser } from '../browser/browser.ts'
import { type ProConnectGate, startProConnectGate } from '../support/vendors/proconnect_gate.ts'

/** In a real Chromium, where policies, cookies and redirects are what they are. */
let place: ProConnectGate
let browser: TestBrowser
beforeAll(async () => {
  place = await startProConnectGate()
  browser = await startBrowser()
})
afterAll(async () => {
  await browser.close()
  await place.stop()
})

describe.each([true, false])('with JavaScript: %s', (javaScriptEnabled) => {
  it('in by ProConnect, out through it, and out is out', async () => {
    const context = await browser.context({ locale: 'fr-FR', javaScriptEnabled })
    const page = await context.newPage()
    const seen = complaints(page)
    await page.goto(`${place.gate.url}/sign-in`)
    await browser.screenshot(page, 'proconnect-choisir')
    await page.getByRole('link', { name: 'ProConnect' }).click()
    await page.getByLabel('Personne').selectOption('camille')
    await page.getByRole('button', { name: 'Se connecter' }).click()
    await page.waitForURL(`${place.gate.url}/account`)
    expect(await page.content()).toContain('Camille Petit')
    await browser.screenshot(page, 'proconnect-compte')
    await page.goto(`${place.gate.url}/session/sign-out`)
    await page.getByRole('button', { name: /déconnect/i }).click()
    await page.waitForURL(/\/session\/end/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.waitForURL(new RegExp(`^${place.gate.url}/session/signed-out`))
    await browser.screenshot(page, 'proconnect-dehors')
    await page.goto(`${place.gate.url}/account`)
    expect(page.url()).toContain('/sign-in')
    expect(seen).toEqual([])
    await context.close()
  })

  it('T39 what the provider writes of a refusal, and calls itself, is no script here', async () => {
    const context = await browser.context({ locale: 'fr-FR', javaScriptEnabled })
    const page = await context.newPage()
    const asked: string[] = []
    page.on('dialog', (dialog) => asked.push(dialog.message()))
    await page.goto(`${place.gate.url}/sign-in`)
    await page.getByRole('link', { name: 'ProConnect' }).click()
    await page.getByRole('button', { name: 'Refuser' }).click()
    await page.waitForURL(/\/sign-in\/proconnect\/callback/)
    expect(await page.content()).not.toContain('onerror')
    await browser.screenshot(page, 'proconnect-refus')
    await page.goto(`${place.gate.url}/sign-in`)
    await page.getByRole('link', { name: 'Keycloak' }).click()
    await page.getByLabel('Personne').selectOption('eve')
    await page.getByRole('button', { name: 'Se connecter' }).click()
    await page.waitForURL(`${place.gate.url}/account`)
    expect(await page.getByText('<img src=x onerror=alert(1)>').count()).toBeGreaterThan(0)
    expect(asked).toEqual([])
    await context.close()
  })
})
