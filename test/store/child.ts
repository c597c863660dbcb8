import { openStore, type StoreLocation } from '../../src/store/open.ts'
import { account } from './rows.ts'

/** What another process does to a store: `node child.ts ACTION LOCATION`. It holds what it holds until its stdin ends, or it is killed. */
const [action = '', text = '', count = '0'] = process.argv.slice(2)
const AT = '2026-01-01T01:00:00.000Z'
const location = JSON.parse(text) as StoreLocation

const untilReleased = () => new Promise<void>((resolve) => process.stdin.once('end', resolve).resume())

async function main(): Promise<void> {
  const open = await openStore(location)
  switch (action) {
    case 'open':
      break
    case 'insert-account':
      await open.store.accounts.insert(account('from-another-process'))
      break
    case 'lock-shared':
    case 'lock-exclusive': {
      const lock = await (action === 'lock-shared' ? open.lockForServing() : open.lockExclusively())
      console.log('held')
      await untilReleased()
      await lock.release()
      break
    }
    case 'hold-transaction':
      await open.store.transaction(async (store) => {
        await store.accounts.insert(account('from-another-process'))
        console.log('held')
        await untilReleased()
      })
      break
    // Tells of each that it was the one to consume, once that is stored.
    case 'consume-entries':
      console.log('held')
      await untilReleased()
      for (let i = 0; i < Number(count); i++) {
        if (await open.activity.providerEntries.consume('RefreshToken', `e${i}`, AT)) console.log(`consumed e${i}`)
      }
  }
  await open.close()
  console.log('done')
}

await main()
