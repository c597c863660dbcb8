import { command, EXIT } from './command.ts'
import { findingsText } from './doctor_findings.ts'
import { forwardAuth } from './doctor_forward_auth.ts'

const doctor = command({
  name: 'doctor',
  args: [],
  summary: 'Look for what is wrong or will be',
  description:
    'Exit 1 when there is a problem; warnings alone leave it 0. For a proxy that asks the gate there is octroi doctor forward-auth URL.',
  examples: ['doctor', 'doctor --probe --json'],
  on: 'data folder',
  options: {
    probe: {
      type: 'boolean',
      describes: 'Also make the test request of every connection, at the services themselves.',
    },
  },
  async run({ options, terminal, settings, data }) {
    const findings = await data.doctor(await settings(), { probe: options.probe === true })
    const ok = findings.every(({ level }) => level !== 'problem')
    terminal.answer({ ok, findings }, () => findingsText(findings))
    return ok ? EXIT.done : EXIT.failed
  },
})

export const commands = [doctor, forwardAuth]
