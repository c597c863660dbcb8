import type { FastifyInstance } from 'fastify'
import { devicePage } from '../pages/device.ts'
import type { DeviceDesk } from '../provider/device/device_desk.ts'
import type { DeviceStage } from '../provider/device/stage.ts'
import { servePages } from './sign_in_routes.ts'
import { visitOf } from './sign_in_views.ts'
import type { Answered, Visitor, Visitors } from './visitor.ts'

export interface DeviceDoor {
  readonly visitors: Visitors
  readonly devices: DeviceDesk
}

const PATH = '/oidc/device'

/** `/oidc/device`: where people let in a device that cannot show them a sign-in (RFC 8628 §3.3). */
export async function serveDevices(fastify: FastifyInstance, { visitors, devices }: DeviceDoor): Promise<void> {
  await servePages(fastify, visitors, (pages, by) => {
    pages.get(
      PATH,
      by(async (visitor) => answerOf(visitor, devices.show(visitor.query, visitOf(visitors, visitor)))),
    )
    pages.post(
      PATH,
      by(async (visitor) => answerOf(visitor, await devices.answer(visitor.form, visitOf(visitors, visitor)))),
    )
  })
}

function answerOf({ around }: Visitor, stage: DeviceStage): Answered {
  return stage.kind === 'onward' ? { redirect: stage.address } : { page: devicePage(stage, around) }
}
