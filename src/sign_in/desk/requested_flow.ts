import { bothNeeds, type SessionNeeds } from '../../policy/route_session.ts'
import type { Applications } from '../applications/contract.ts'
import { type Flow, type Flows, flowTo, SIGN_IN } from '../flow.ts'
import type { HostSessions } from '../hosts/host_sessions.ts'
import { SignInRefused } from '../method.ts'
import type { Fields } from './steps/step.ts'

interface FlowParts {
  readonly flows: Flows
  readonly applications: Pick<Applications, 'requested'>
  readonly hosts: Pick<HostSessions, 'towards'>
}

/** Where people are led who came for nothing in particular. */
const HOME = '/account'

/**
 * What a visit of `/sign-in` is for: a flow of ours that goes on, or an application, a host or a page of ours that is asked for. Everything
 * is checked here, before it is sealed, and nothing is read from the outside after it (T15). Throws `SignInRefused`.
 */
export async function requestedFlow(query: Fields, parts: FlowParts): Promise<Flow> {
  if (query.flow !== undefined) return openFlow(query.flow, parts)
  const flow = await newFlow(query, parts)
  if (!parts.flows.fits(flow)) throw new SignInRefused('bad_request', 'What was asked for is too long.')
  return flow
}

function openFlow(text: string, { flows }: FlowParts): Flow {
  const opened = flows.open(text)
  if (opened === undefined) throw new SignInRefused('stale', 'The page was open for too long.')
  return opened.flow
}

async function newFlow(query: Fields, parts: FlowParts): Promise<Flow> {
  if (query.app !== undefined) return { ...(await parts.applications.requested(query)), purpose: SIGN_IN }
  if (query.return_to === undefined) return withNeeds(flowTo(HOME), needsIn(query), query)
  const { towards, needs, name } = await parts.hosts.towards(query.return_to, query.binding)
  return withNeeds({ ...flowTo(HOME), towards, name }, bothNeeds(needs, needsIn(query)), query)
}

function withNeeds(flow: Flow, needs: SessionNeeds, query: Fields): Flow {
  const hint = query.organization_hint
  if (hint !== undefined && !/^\d{14}$/.test(hint))
    throw new SignInRefused('bad_request', 'organization_hint is not a SIRET: 14 digits.')
  return { ...flow, ...needs, organizationHint: hint ?? null }
}

function needsIn({ mfa, max_age: age }: Fields): SessionNeeds {
  if (mfa !== undefined && mfa !== '1') throw new SignInRefused('bad_request', 'mfa is 1, or left out.')
  if (age !== undefined && !/^\d{1,8}$/.test(age))
    throw new SignInRefused('bad_request', 'max_age is not a number of seconds.')
  return { mfa: mfa === '1', maxAgeS: age === undefined ? null : Number(age) }
}
