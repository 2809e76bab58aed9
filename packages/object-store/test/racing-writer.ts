// Run by file-store.test.ts in several processes at once: tries to create one object per round and prints the rounds it won.
import { FileStore } from '@sluice/object-store'

const [root = '', writer = '', rounds = '0', startAt = '0'] = process.argv.slice(2)
const store = new FileStore(root)
const won: number[] = []
await new Promise((resolve) => setTimeout(resolve, Math.max(0, Number(startAt) - Date.now())))
for (let round = 0; round < Number(rounds); round++) {
  const answer = await store.putIfAbsent(`race/${round}`, new TextEncoder().encode(writer))
  if (answer === 'created') won.push(round)
}
process.stdout.write(JSON.stringify(won))
