import { describe } from 'vitest'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { startHaproxy } from './haproxy.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSpoofs } from './spoofs.ts'

describe('haproxy: calls', () => describeCalls(startHaproxy))
describe('haproxy: spoofs', () => describeSpoofs(startHaproxy))
describe('haproxy: path games', () => describePathGames(startHaproxy))
describe('haproxy: outages', () => describeOutages(startHaproxy))
describe('haproxy: certificates', () => describeCertificates(startHaproxy))
