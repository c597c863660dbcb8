import { startGate } from '../../src/app.ts'
import { readSettings } from '../../src/config/settings.ts'
import { initInstallation } from '../../src/installation/init.ts'

/** A gate in a process of its own, so that everything it writes to its log can be read: `node program.ts` with OCTROI_* set. */
const settings = readSettings({ env: process.env })
const { admin_key } = await initInstallation(settings)
const gate = await startGate(settings)
// Its parent reads this line from the third channel: the log must be clean of it.
process.send?.({ url: gate.url, admin_key })
process.once('SIGTERM', () => void gate.stop().then(() => process.disconnect?.()))
