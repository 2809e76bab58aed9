// Run by race.ts in several processes at once: ten writers try to create one object per round. Prints who won which.
import { openObjectStore } from '@sluice/object-store'

const [url = '', settings = '{}', name = '', rounds = '0', startAt = '0'] = process.argv.slice(2)
const store = openObjectStore(url, { settings: JSON.parse(settings) as Record<string, string> })
const writers = Array.from({ length: 10 }, (_, i) => `${name}.${i} `)
const won: [round: number, writer: string][] = []
await store.head('loads the SDK before the race')
await new Promise((resolve) => setTimeout(resolve, Math.max(0, Number(startAt) - Date.now())))
for (let round = 0; round < Number(rounds); round++) {
  const answers = await Promise.all(
    writers.map((writer) => store.putIfAbsent(`race/${round}`, new TextEncoder().encode(writer.repeat(50_000)))),
  )
  for (const [index, answer] of answers.entries()) if (answer === 'created') won.push([round, writers[index]!])
}
process.stdout.write(JSON.stringify(won))
