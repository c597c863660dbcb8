import { OctroiError } from '../core/errors.ts'
import { endpoint } from './endpoint.ts'
import { notFound } from './presenting.ts'
import { Id, IdParams } from './schemas.ts'
import { Delivery } from './webhook_schemas.ts'
import { presentDelivery, requireEvents, webhookFor } from './webhooks_rules.ts'

export const webhooksReplay = endpoint({
  name: 'webhooks.replay',
  method: 'POST',
  path: '/webhooks/{id}/deliveries/{delivery}/replay',
  summary: 'Send an event again, now',
  description: 'Under the same webhook-id. One that is still waiting is tried now; one that was over begins anew.',
  permission: 'webhooks.write',
  params: IdParams.extend({ delivery: Id }),
  response: Delivery,
  errors: ['not_found', 'conflict'],
  target: ({ id }) => `webhook:${id}`,
  async handle({ principal, params: { id, delivery }, parts }) {
    requireEvents(principal)
    const now = parts.now().toISOString()
    return parts.store.transaction(async (store) => {
      const { webhook } = await webhookFor(store, id)
      if ((await store.deliveries.get(id, delivery)) === undefined) throw notFound('delivery', delivery)
      if (webhook.state !== 'active') throw new OctroiError('conflict', `The webhook is ${webhook.state}.`)
      if (!(await store.deliveries.replay(id, delivery, now))) {
        throw new OctroiError('conflict', 'The delivery is being tried at this moment.')
      }
      const row = await store.deliveries.get(id, delivery)
      if (row === undefined) throw notFound('delivery', delivery)
      return presentDelivery(row)
    })
  },
})
