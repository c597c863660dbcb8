import { describe } from 'vitest'
import { describeAddresses } from './addresses.ts'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { describeHttp2 } from './http2.ts'
import { startNginx } from './nginx.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSessions } from './sessions.ts'
import { describeSpoofs } from './spoofs.ts'

describe('nginx: calls', () => describeCalls(startNginx))
describe('nginx: spoofs', () => describeSpoofs(startNginx))
describe('nginx: path games', () => describePathGames(startNginx))
describe('nginx: outages', () => describeOutages(startNginx))
describe('nginx: certificates', () => describeCertificates(startNginx))
describe('nginx: HTTP/2', () => describeHttp2(startNginx))
describe('nginx: addresses', () => describeAddresses(startNginx))
describe('nginx: sessions', () => describeSessions(startNginx))
