import { openStore, type StoreLocation } from '../../src/store/open.ts'

/** A process that claims what is due for `w1` at a time, says so, and gets no further: `node child.ts LOCATION NOW UNTIL`. */
const [location = '', now = '', until = ''] = process.argv.slice(2)
const { store } = await openStore(JSON.parse(location) as StoreLocation)
const claimed = await store.deliveries.claim('w1', now, { token: 'the-dead-one', until }, 9)
console.log(`claimed ${claimed.map(({ event }) => event.id)}`)
process.stdin.resume()
