import { describe } from 'vitest'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { startNginx } from './nginx.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSpoofs } from './spoofs.ts'

describe('nginx: calls', () => describeCalls(startNginx))
describe('nginx: spoofs', () => describeSpoofs(startNginx))
describe('nginx: path games', () => describePathGames(startNginx))
describe('nginx: outages', () => describeOutages(startNginx))
describe('nginx: certificates', () => describeCertificates(startNginx))
