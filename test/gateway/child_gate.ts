import { startGate } from '../../src/app.ts'
import { readSettings } from '../../src/config/settings.ts'

/** A gate in a process of its own, on an initialised data folder: its address on the first line that it writes to file 3. */
const running = await startGate(readSettings({ env: process.env }))
const { writeSync } = await import('node:fs')
writeSync(3, `${running.url}\n`)
process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)))
