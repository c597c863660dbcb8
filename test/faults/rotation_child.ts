import { once } from 'node:events'
import { readSettings } from '../../src/config/settings.ts'
import { startEngine } from '../renewals/engine.ts'
import { deadlyAt } from './dying.ts'

/** A process that renews the token of `svc` once it is told to, and dies at the given point of it. */
const [point = ''] = process.argv.slice(2)
const engine = await startEngine(readSettings({ env: process.env }), { ...deadlyAt(point), times: { lease: 400 } })
process.stdout.write('ready\n')
await once(process.stdin, 'data')
await engine.ready().catch(() => undefined)
process.stdout.write('renewed\n')
// Killed from outside, when it did not reach the point by itself.
await new Promise(() => setInterval(() => undefined, 1_000))
