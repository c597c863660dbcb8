import { startGate } from '../src/app.ts'
import { readSettings } from '../src/config/settings.ts'
import { initInstallation } from '../src/installation/init.ts'

const settings = readSettings({ env: process.env })
if (process.argv[2] === 'init') console.log(JSON.stringify(await initInstallation(settings)))
else {
  const g = await startGate(settings)
  process.once('SIGTERM', () => void g.stop())
  process.once('SIGINT', () => void g.stop())
}
