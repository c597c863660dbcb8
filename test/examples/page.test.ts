import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { complaints, startBrowser, type TestBrowser } from '../browser/browser.ts'
import type { ExampleName } from './application.ts'
import { type ExampleScene, PASSWORD, startExampleScene } from './scene.ts'

/** The pages of the examples in a real browser: their script, their forms, their cookies, under their own policy. */

let browser: TestBrowser

beforeAll(async () => {
  browser = await startBrowser()
})
afterAll(() => browser?.close())

describe.each<ExampleName>(['fastapi', 'typescript'])('the page of examples/%s', (name) => {
  let scene: ExampleScene
  let page: Page
  let seen: readonly string[]

  beforeAll(async () => {
    scene = await startExampleScene(name)
    page = await (await browser.context()).newPage()
    seen = complaints(page)
  })
  afterAll(() => scene?.stop())

  it('in, what only a person at it can do, and out again; nothing is complained of', async () => {
    await page.goto(scene.example.url)
    await page.click('a[href^="/api/login"]')
    await page.fill('input[name=login]', 'ada')
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button[type=submit]')
    await page.waitForURL(`${scene.example.url}/`)
    expect(await page.textContent('strong:visible')).toBe('ada <b>')
    if (name === 'fastapi') await sell()
    // What scripts can read: no cookie, nothing stored.
    expect(await page.evaluate('document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })')).toBe('{}')

    await page.click('button:has-text("Sign out")')
    await page.waitForURL(`${scene.example.url}/?signed_out`)
    await page.waitForSelector('a[href^="/api/login"]:visible')
    await page.click('a[href^="/api/login"]')
    await page.waitForSelector('input[name=password]')
    // The browser notes every 401, which is how the page learns that nobody is there.
    expect(seen.filter((text) => !text.includes('401 (Unauthorized)'))).toEqual([])
  })

  async function sell(): Promise<void> {
    await page.fill('input[name=label]', 'Vente du dimanche')
    await page.fill('input[name=euros]', '19.99')
    await page.click('#sale button')
    await page.waitForSelector('#note:has-text("In the books: transaction 1.")')
    expect(JSON.parse(String(scene.paheko.requests.at(-1)?.body))).toMatchObject({ amount: '19.99' })
  }
})
