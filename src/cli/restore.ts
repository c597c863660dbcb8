import { resolve } from 'node:path'
import { command } from './command.ts'

const restore = command({
  name: 'restore',
  args: ['FILE'],
  summary: 'Make an installation from a backup',
  description:
    'Needs the master key of the backup, and a gate that is stopped. Connections and webhooks come back suspended, so that a copy does not renew the tokens of the original nor send its events: --activate where this installation takes its place. Nobody is signed in after it. Keys of another OCTROI_ENVIRONMENT do not work here unless adopted.',
  examples: ['restore octroi-monday.backup --activate', 'restore octroi-monday.backup --data-dir ./staging'],
  on: 'data folder',
  options: {
    activate: { type: 'boolean', describes: 'Put the connections, webhooks and sign-in methods into service.' },
    'adopt-keys': {
      type: 'boolean',
      describes: 'Let keys, passwords and secrets of applications that were made in another environment work here.',
    },
    replace: { type: 'boolean', describes: 'Replace what is in the data folder; without it a full one is left alone.' },
  },
  async run({ args: [file], options, terminal, settings, data }) {
    const wanted = {
      activate: options.activate === true,
      adoptKeys: options['adopt-keys'] === true,
      replace: options.replace === true,
    }
    const report = await data.restore(await settings(), resolve(file), wanted, (done) =>
      terminal.progress(`${done} rows`),
    )
    terminal.progress('')
    terminal.answer(report, () => `${report.rows} rows were restored.`)
    if (report.aside !== null) terminal.say(`What was there before is in ${report.aside}; it can be deleted.`)
    if (report.suspended_connections > 0) {
      terminal.say(
        `${report.suspended_connections} connections are suspended; "octroi connection activate ID" puts one into service.`,
      )
    }
    if (report.suspended_webhooks > 0) {
      terminal.say(
        `${report.suspended_webhooks} webhooks are suspended; "octroi webhook activate ID" lets one send again.`,
      )
    }
    if (report.suspended_sign_in_methods > 0) {
      terminal.say(
        `${report.suspended_sign_in_methods} sign-in methods are disabled; "octroi sign-in-method set ID" enables one.`,
      )
    }
    if (report.foreign_keys > 0) {
      terminal.say(`${report.foreign_keys} keys belong to another environment and do not work here (--adopt-keys).`)
    }
    if (report.foreign_passwords > 0) {
      terminal.say(
        `${report.foreign_passwords} passwords of accounts belong to another environment and were left out (--adopt-keys).`,
      )
    }
    if (report.foreign_client_secrets > 0) {
      terminal.say(
        `${report.foreign_client_secrets} secrets of applications belong to another environment and were left out (--adopt-keys).`,
      )
    }
  },
})

export const commands = [restore]
