import type { KeyObject } from 'node:crypto'
import { masterKeySource, type Settings } from '../config/settings.ts'
import { ConfigurationError } from '../core/errors.ts'
import { Targets } from '../outbound/connections/targets.ts'
import { Upstreams } from '../outbound/network/upstreams.ts'
import { openDump } from '../store/dump.ts'
import { requireKnownSchema } from '../store/dump_load.ts'
import { ACTIVITY_MIGRATIONS, MAIN_MIGRATIONS, storeExists } from '../store/open.ts'
import { readMasterKey } from '../vault/master_key.ts'
import { type Finding, said } from './doctor_finding.ts'
import { providedKeyFindings } from './doctor_keys.ts'
import { listenerFindings } from './doctor_listener.ts'
import {
  diskFindings,
  folderFindings,
  leftoverFindings,
  masterKeyFindings,
  settingsFindings,
} from './doctor_machine.ts'
import { peopleFindings } from './doctor_people.ts'
import { probeFindings } from './doctor_probe.ts'
import { programFindings } from './doctor_programs.ts'
import { connectionFindings, keyFindings } from './doctor_rows.ts'
import { auditFindings, clockFindings } from './doctor_trail.ts'
import { type Installation, locationOf, openCatalogue, openInstallation } from './open.ts'

export type { Finding }

/**
 * What is wrong with this installation, or will be. Every look stands alone: one that fails says so and stops no other. Nothing is
 * created or changed, and no secret is in what it says.
 */
export async function runDoctor(settings: Settings, { probe }: { readonly probe: boolean }): Promise<Finding[]> {
  const catalogue = openCatalogue(settings)
  const findings = [
    ...(await look('settings', () => settingsFindings(settings))),
    ...(await look('data_folder', () => folderFindings(settings))),
    ...(await look('master_key', () => masterKeyFindings(settings))),
    ...(await look('disk', () => diskFindings(settings))),
    ...(await look('leftovers', () => leftoverFindings(settings))),
    ...(await look('listener', () => listenerFindings(settings))),
    ...catalogue.problems().map(({ file, message }) => ({
      level: 'warning' as const,
      code: 'connector.faulty',
      message: `The connector file ${file} is not used, or only its last good version: ${message}`,
    })),
  ]
  const { installation, found } = await openForLooking(settings)
  findings.push(...found)
  if (installation === undefined) return findings
  const { open, ring, auditKey } = installation
  const upstreams = new Upstreams(() => [settings.listen])
  try {
    const targets = new Targets(open.hot, ring, catalogue, upstreams)
    const parts = { settings, store: open.store, catalogue, targets }
    findings.push(...(await look('audit', () => auditFindings(open.activity, auditKey))))
    findings.push(...(await look('clock', () => clockFindings(open.store, open.activity, new Date()))))
    findings.push(...(await look('connections', () => connectionFindings(parts))))
    findings.push(...(await look('keys', () => keyFindings(parts, new Date()))))
    findings.push(...(await look('programs', () => programFindings(parts))))
    findings.push(...(await look('people', () => peopleFindings(parts))))
    findings.push(...(await look('provided_keys', () => providedKeyFindings(settings, installation))))
    if (probe) findings.push(...(await look('probe', () => probeFindings(parts, new Date()))))
  } finally {
    await upstreams.close()
    await open.close()
  }
  return findings
}

async function look(code: string, work: () => Finding[] | Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work()
  } catch (error) {
    return [
      { level: 'problem', code: `${code}.unknown`, message: `This could not be looked at (${code}): ${said(error)}` },
    ]
  }
}

/** Asks for the schema before opening: opening would bring it up to date, and a doctor changes nothing. */
async function openForLooking(settings: Settings): Promise<{ installation?: Installation; found: Finding[] }> {
  const where = settings.database_url === undefined ? settings.data_dir : 'the database'
  try {
    if (!(await storeExists(locationOf(settings)))) {
      const advice = 'Make one with "octroi init", or "octroi restore" a backup.'
      return {
        found: [{ level: 'problem', code: 'store.missing', message: `There is no installation in ${where}.`, advice }],
      }
    }
    const behind = await migrationsBehind(settings)
    if (behind > 0) {
      const message = `The store is ${behind} migrations behind this version; what is stored was not looked at.`
      const advice = 'Make a backup, then start this version: it brings the store up to date.'
      return { found: [{ level: 'warning', code: 'store.behind', message, advice }] }
    }
  } catch (error) {
    return {
      found: [
        {
          level: 'problem',
          code: 'store.unreachable',
          message: `The store in ${where} cannot be opened: ${said(error)}`,
        },
      ],
    }
  }
  const master = masterKeyOrNothing(settings)
  if (master === undefined) return { found: [] }
  try {
    const installation = await openInstallation(settings)
    const message = 'The store opens, its schema is current, and the master key opens the vault.'
    return { installation, found: [{ level: 'ok', code: 'store.opens', message }] }
  } catch (error) {
    const wrong = error instanceof ConfigurationError
    return {
      found: [
        {
          level: 'problem',
          code: wrong ? 'vault.closed' : 'store.unreachable',
          message: wrong ? said(error) : `The store in ${where} cannot be opened: ${said(error)}`,
          ...(wrong
            ? { advice: 'Put the master key back that this store was made with; without it no secret can be read.' }
            : {}),
        },
      ],
    }
  }
}

async function migrationsBehind(settings: Settings): Promise<number> {
  const dump = await openDump(locationOf(settings))
  await dump.close()
  requireKnownSchema(dump.migrations, 'The store')
  const had = new Set([...dump.migrations.main, ...dump.migrations.activity])
  return [...MAIN_MIGRATIONS, ...ACTIVITY_MIGRATIONS].filter(({ name }) => !had.has(name)).length
}

/** What is wrong with it has been said already. */
function masterKeyOrNothing(settings: Settings): KeyObject | undefined {
  try {
    return readMasterKey(masterKeySource(settings))
  } catch {
    return undefined
  }
}
