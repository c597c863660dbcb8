import { describe } from 'vitest'
import { describeAddresses } from './addresses.ts'
import { startCaddy } from './caddy.ts'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { describeHttp2 } from './http2.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSessions } from './sessions.ts'
import { describeSpoofs } from './spoofs.ts'

describe('caddy: calls', () => describeCalls(startCaddy))
describe('caddy: spoofs', () => describeSpoofs(startCaddy))
describe('caddy: path games', () => describePathGames(startCaddy))
describe('caddy: outages', () => describeOutages(startCaddy))
describe('caddy: certificates', () => describeCertificates(startCaddy))
describe('caddy: HTTP/2', () => describeHttp2(startCaddy))
describe('caddy: addresses', () => describeAddresses(startCaddy))
describe('caddy: sessions', () => describeSessions(startCaddy))
