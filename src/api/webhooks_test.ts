import { OctroiError } from '../core/errors.ts'
import { newEvent, TEST_EVENT } from '../core/events.ts'
import { messageOf } from '../outbound/webhooks/message.ts'
import { endpoint } from './endpoint.ts'
import { IdParams } from './schemas.ts'
import { WebhookTestResult } from './webhook_schemas.ts'
import { webhookFor } from './webhooks_rules.ts'

export const webhooksTest = endpoint({
  name: 'webhooks.test',
  method: 'POST',
  path: '/webhooks/{id}/test',
  summary: 'Send an event of the type webhook.test now',
  description: 'Once, to a disabled webhook as well; the answer says what happened. It is not stored and not repeated.',
  permission: 'webhooks.write',
  params: IdParams,
  response: WebhookTestResult,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ params, parts }) {
    const stored = await webhookFor(parts.store, params.id)
    if (stored.webhook.state === 'suspended') {
      throw new OctroiError(
        'conflict',
        'The webhook was restored from a backup and sends nothing until it is activated.',
      )
    }
    const event = newEvent(TEST_EVENT, `webhook:${params.id}`, {}, parts.now())
    const { ok, status, detail, ms } = await parts.webhooks.send(stored, messageOf(event), parts.now())
    return { ok, status, detail, ms }
  },
})
