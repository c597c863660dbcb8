// The least that Node can do: the yardstick of a start. Plain JavaScript: nothing to strip.
import { createServer } from 'node:http'

createServer((_request, response) => response.end('ok')).listen(Number(process.argv[2]), '127.0.0.1')
process.once('SIGTERM', () => process.exit(0))
