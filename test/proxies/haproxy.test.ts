import { describe } from 'vitest'
import { describeAddresses } from './addresses.ts'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { startHaproxy } from './haproxy.ts'
import { describeHttp2 } from './http2.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSessions } from './sessions.ts'
import { describeSpoofs } from './spoofs.ts'

describe('haproxy: calls', () => describeCalls(startHaproxy))
describe('haproxy: spoofs', () => describeSpoofs(startHaproxy))
describe('haproxy: path games', () => describePathGames(startHaproxy))
describe('haproxy: outages', () => describeOutages(startHaproxy))
describe('haproxy: certificates', () => describeCertificates(startHaproxy))
describe('haproxy: HTTP/2', () => describeHttp2(startHaproxy))
describe('haproxy: addresses', () => describeAddresses(startHaproxy))
describe('haproxy: sessions', () => describeSessions(startHaproxy))
