import { describe } from 'vitest'
import { describeCalls } from './calls.ts'
import { describeCertificates } from './certificates.ts'
import { startCaddy } from './caddy.ts'
import { describeOutages } from './outages.ts'
import { describePathGames } from './path_games.ts'
import { describeSpoofs } from './spoofs.ts'

describe('caddy: calls', () => describeCalls(startCaddy))
describe('caddy: spoofs', () => describeSpoofs(startCaddy))
describe('caddy: path games', () => describePathGames(startCaddy))
describe('caddy: outages', () => describeOutages(startCaddy))
describe('caddy: certificates', () => describeCertificates(startCaddy))
