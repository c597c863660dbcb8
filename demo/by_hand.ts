import { closing } from './calls.ts'
import type { Messages } from './messages.ts'
import type { Scene } from './scene.ts'
import type { Show } from './show.ts'

/** Three lines to paste into another terminal, with keys that work as long as this process runs. */
export async function offer(scene: Scene, show: Show, messages: Messages): Promise<void> {
  const { url } = scene.octroi
  // Of the administrator's rights only the one that is needed.
  const reader = await scene.administer('POST', '/keys', { name: 'Audit reader', permissions: ['audit.read'] })
  const lines: readonly (readonly [string, string])[] = [
    [
      messages.tryAllowed,
      `curl -i ${url}/proxy/paheko/api/accounting/transaction -H 'Authorization: Bearer ${scene.key}' ` +
        `-H 'Content-Type: application/json' -d '${JSON.stringify(closing())}'`,
    ],
    [messages.tryDenied, `curl -i ${url}/proxy/paheko/api/download -H 'API-KEY: ${scene.key}'`],
    [
      messages.tryAudit,
      `curl '${url}/api/v1/audit?limit=3&connection=paheko' -H 'Authorization: Bearer ${reader.key}'`,
    ],
  ]
  show.text(`\n${messages.tryIt}`)
  for (const [title, line] of lines) show.text(`\n# ${title}\n${line}`)
  show.text(`\n${messages.staysUp}`)
}
