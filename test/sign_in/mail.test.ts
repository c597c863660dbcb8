import { afterEach, describe, expect, it } from 'vitest'
import { Mailer, type MailerOptions } from '../../src/outbound/mail.ts'
import { type SmtpOptions, startSmtp } from '../support/smtp.ts'
import { testCertificate } from '../support/upstream_tls.ts'

const FROM = 'Octroi des Écoles <octroi@example.org>'
const MESSAGE = {
  to: 'ada@example.org',
  subject: 'Bienvenue à Ada',
  text: 'Bonjour Ada,\n\nhttps://x.test/é\n.\n..end\n',
}

const open: { stop(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop()
})

async function mailTo(server: SmtpOptions, options: Partial<MailerOptions> = {}, url = 'smtp://localhost', more = '') {
  const smtp = await startSmtp(server)
  const mailer = new Mailer({ url: `${url}:${smtp.port}${more}`, from: FROM, ...options })
  open.push({ stop: () => mailer.close() }, smtp)
  return { smtp, mailer }
}

const tls = { ca: testCertificate().ca, plainOnLoopback: false }

describe('mail', () => {
  it('arrives as it was written, from the sender of the settings, to one person', async () => {
    const { smtp, mailer } = await mailTo({})
    await mailer.send(MESSAGE)
    const mail = await smtp.next()
    expect(mail).toMatchObject({ from: 'octroi@example.org', to: ['ada@example.org'], isTls: false })
    expect(mail.text.trimEnd()).toBe(MESSAGE.text.trimEnd())
    expect(mail.headers.get('subject')).toBe(MESSAGE.subject)
    expect(mail.headers.get('from')).toBe('Octroi des Écoles <octroi@example.org>')
    expect(mail.headers.get('to')).toBe('ada@example.org')
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
  })
  it('many at once, over few connections', async () => {
    const { smtp, mailer } = await mailTo({})
    await Promise.all(Array.from({ length: 12 }, (_, i) => mailer.send({ ...MESSAGE, to: `p${i}@example.org` })))
    expect(smtp.mails.map(({ to }) => to[0]).sort()).toEqual(
      Array.from({ length: 12 }, (_, i) => `p${i}@example.org`).sort(),
    )
  })
  it('STARTTLS and AUTH, with what the URL says', async () => {
    const { smtp, mailer } = await mailTo(
      { starttls: true, login: 'us er:p@ss' },
      tls,
      'smtp://us%20er:p%40ss@localhost',
    )
    await mailer.send(MESSAGE)
    expect(await smtp.next()).toMatchObject({ isTls: true, user: 'us er' })
  })
  it('smtps from the first byte', async () => {
    const { smtp, mailer } = await mailTo({ smtps: true }, tls, 'smtps://localhost')
    await mailer.send(MESSAGE)
    expect(await smtp.next()).toMatchObject({ isTls: true })
  })
  it('502 where STARTTLS is not offered, and nothing was said in the clear', async () => {
    const { smtp, mailer } = await mailTo({ login: 'a:b' }, tls, 'smtp://a:b@localhost')
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(smtp.mails).toEqual([])
  })
  it.each([
    ['STARTTLS', { starttls: true }, 'smtp://localhost'],
    ['smtps', { smtps: true }, 'smtps://localhost'],
  ])('502 for a certificate that nobody vouches for (%s)', async (_, server, url) => {
    const { smtp, mailer } = await mailTo(server, { plainOnLoopback: false }, url)
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'upstream_unreachable' })
    expect(smtp.mails).toEqual([])
  })
  it('502 for a certificate of another name', async () => {
    const { smtp, mailer } = await mailTo({ smtps: true, address: '127.0.0.2' }, tls, 'smtps://127.0.0.2')
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ status: 502 })
    expect([smtp.connections(), smtp.mails]).toEqual([1, []])
  })
  it('502 when it does not know us, without a word of the password', async () => {
    const { mailer } = await mailTo({ login: 'a:right' }, {}, 'smtp://a:wrong-canary@localhost')
    const error = await mailer.send(MESSAGE).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'upstream_unreachable', cause: { message: expect.stringContaining('EAUTH') } })
    expect(told(error)).not.toContain('canary')
  })
  it('502 for a refused recipient, and neither answer nor log names him', async () => {
    const { mailer } = await mailTo({ refuse: (address) => `550 5.1.1 <${address}> is unknown here` })
    const error = await mailer.send(MESSAGE).catch((caught) => caught)
    expect(error).toMatchObject({ code: 'upstream_unreachable', cause: { message: 'SMTP: EENVELOPE RCPT TO 550' } })
    expect(told(error)).not.toMatch(/ada|example|https/)
  })
  it('504 where it says nothing for as long as the URL says', async () => {
    const { mailer } = await mailTo({ silent: true }, {}, 'smtp://localhost', '?timeout=1')
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'upstream_timeout' })
  })
  it.each(['?timeout=0', '?timeout=x', '?timeout=301', '?tls=no'])('78 at the start for %s', (more) => {
    expect(() => new Mailer({ url: `smtp://localhost${more}`, from: FROM })).toThrow('OCTROI_SMTP_URL')
  })
  it('502 where nobody listens', async () => {
    const { smtp, mailer } = await mailTo({})
    await smtp.stop()
    await expect(mailer.send(MESSAGE)).rejects.toMatchObject({ code: 'upstream_unreachable' })
  })
  it.each(['a@b.org, c@d.org', 'a@b.org\r\nBcc: c@d.org', 'Ada <a@b.org>', 'a@b@c.org', ''])(
    'to %j nothing goes: one address and no more',
    async (to) => {
      const { smtp, mailer } = await mailTo({})
      await expect(mailer.send({ ...MESSAGE, to })).rejects.toMatchObject({ status: 502 })
      expect(smtp.mails).toEqual([])
    },
  )
  it('a subject adds no header', async () => {
    const { smtp, mailer } = await mailTo({})
    await mailer.send({ ...MESSAGE, subject: 'Hello\r\nBcc: eve@example.org\r\n\r\nand more' })
    const { headers, to } = await smtp.next()
    expect([headers.get('bcc'), to]).toEqual([undefined, ['ada@example.org']])
    expect(headers.get('subject')).toBe('Hello Bcc: eve@example.org and more')
  })
})

/** All that a log or an answer could show of it. */
function told(error: unknown): string {
  const { message, detail, stack, cause } = error as Error & { detail: string }
  return [message, detail, stack, String(cause), (cause as Error).stack, JSON.stringify(cause)].join('\n')
}
