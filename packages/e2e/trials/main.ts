/**
 * `npm run trial -- NAME [--full] [--seed N]`: tries to break Sluice and counts what is left. The short form is what CI runs, the full
 * form what a change to its subject must pass once. A trial fails on counts; times are only printed.
 */
import type { TrialOptions } from './trial-options.ts'

interface Trial {
  readonly name: string
  readonly load: () => Promise<{ trial(options: TrialOptions): Promise<boolean> }>
}

const trials: readonly Trial[] = [
  { name: 'kill-quickstart', load: () => import('./kill-quickstart.ts') },
  { name: 'exactly-once-copy', load: () => import('./exactly-once-copy.ts') },
  { name: 'broker-fuzz', load: () => import('./broker-fuzz.ts') },
]

const args = process.argv.slice(2)
const name = args.find((arg) => !arg.startsWith('--'))
const trial = trials.find((candidate) => candidate.name === name)
if (trial === undefined) {
  console.error(`trial: give the name of one of: ${trials.map((candidate) => candidate.name).join(', ')}`)
  process.exit(2)
}
const seedAt = args.indexOf('--seed')
const seed = seedAt === -1 ? 1 : Number(args[seedAt + 1])
const held = await (await trial.load()).trial({ full: args.includes('--full'), seed })
process.exit(held ? 0 : 1)
