import { z } from 'zod'

/** The boot settings of sign-in: how long sessions live, and how mail leaves. */

const seconds = (least: number, most: number) => z.coerce.number().int().min(least).max(most)

const smtpUrl = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === '' || !/^\/?$/.test(url.pathname))
    context.addIssue({ code: 'custom', message: 'must be smtp://[user:password@]host[:port] or smtps://...' })
})

/** `Octroi <octroi@example.org>`, or the address alone; no line may break out of it (RFC 5322 §3.4). */
const mailbox = z
  .string()
  .regex(
    /^(?:[^<>\r\n"]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
    'must be an e-mail address, or "Name <address>"',
  )

export const PEOPLE_SETTINGS = {
  name: {
    env: 'OCTROI_NAME',
    description: 'What people call this installation, on its pages and in its mails: the name of the organisation.',
    schema: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .regex(/^[^\p{Cc}]*$/u, 'must have no control characters')
      .optional(),
  },
  session_idle_s: {
    env: 'OCTROI_SESSION_IDLE_S',
    description: 'A session that was not used for so many seconds ends.',
    schema: seconds(60, 31_536_000).default(7_200),
  },
  session_max_s: {
    env: 'OCTROI_SESSION_MAX_S',
    description: 'A session ends so many seconds after it began, whatever happens.',
    schema: seconds(60, 31_536_000).default(43_200),
  },
  smtp_url: {
    env: 'OCTROI_SMTP_URL',
    description:
      'The server that takes mail: smtp://user:password@host:587 (STARTTLS, required but on loopback) or smtps://. Without it, links are printed.',
    schema: smtpUrl.optional(),
  },
  mail_from: {
    env: 'OCTROI_MAIL_FROM',
    description: 'The sender of mail; needed with OCTROI_SMTP_URL.',
    schema: mailbox.optional(),
  },
} as const
