import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCertificate } from '../support/upstream_tls.ts'
import { freePorts, startProgram } from './program.ts'

/** What stands around a proxy. */
export interface Surroundings {
  readonly gatePort: number
  readonly applicationPort: number
  /** PEM: who signs the certificates of clients. */
  readonly clients: string
  /** How long it waits for the gate, in seconds; what ships when not given. */
  readonly patience?: number
}

/** A proxy of the system, with the configuration that ships. It serves `app.example.org` and `octroi.example.org`. */
export interface RunningProxy {
  /** Plain HTTP. */
  readonly port: number
  /** The same over TLS, where clients may show a certificate. */
  readonly tlsPort: number
  log(): string
  stop(): Promise<void>
}

export interface Room {
  readonly folder: string
  readonly port: number
  readonly tlsPort: number
  /** Files in the folder: the server's certificate, its key, both together, the authority of clients. */
  readonly cert: string
  readonly key: string
  readonly pair: string
  readonly clients: string
  write(name: string, text: string): string
}

/** Writes its files into the room and gives the command that starts it. */
export type Configure = (around: Surroundings, room: Room) => readonly string[]

const TRIES = 3

/** Another program may take a free port before the proxy does: then with other ports. */
export async function startProxy(configure: Configure, around: Surroundings): Promise<RunningProxy> {
  for (let tried = 1; ; tried++) {
    const room = await openRoom(around.clients)
    try {
      const program = await startProgram(configure(around, room), room.folder, room.port)
      return {
        port: room.port,
        tlsPort: room.tlsPort,
        log: program.log,
        async stop() {
          await program.stop()
          rmSync(room.folder, { recursive: true, force: true })
        },
      }
    } catch (error) {
      rmSync(room.folder, { recursive: true, force: true })
      if (tried === TRIES) throw error
    }
  }
}

async function openRoom(clients: string): Promise<Room> {
  const folder = mkdtempSync(join(tmpdir(), 'octroi-proxy-'))
  // nginx's workers run as another user when the master is root, and must reach their files.
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'tmp'))
  const write = (name: string, text: string) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    return file
  }
  const own = testCertificate()
  const [port, tlsPort] = (await freePorts(2)) as [number, number]
  return {
    folder,
    port,
    tlsPort,
    cert: write('server.pem', own.cert),
    key: write('server.key', own.key),
    pair: write('pair.pem', own.cert + own.key),
    clients: write('clients.pem', clients),
    write,
  }
}
