/**
 * `npm run trial -- NAME [--full] [--seed N] [--only WORDS]`: tries to break Sluice and counts what is left. The short form is what CI runs, the full
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
  { name: 'port-contract', load: () => import('./port-contract.ts') },
  { name: 'broker-fuzz', load: () => import('./broker-fuzz.ts') },
  { name: 'take-over', load: () => import('./take-over.ts') },
  { name: 'same-config', load: () => import('./same-config.ts') },
  { name: 'mirror', load: () => import('./mirror.ts') },
  { name: 'isolation', load: () => import('./isolation.ts') },
  { name: 'connect-kill', load: () => import('./connect-kill.ts') },
  { name: 'lake-exactly-once', load: () => import('./lake-exactly-once.ts') },
  { name: 'streams-exactly-once', load: () => import('./streams-exactly-once.ts') },
  { name: 'simulator', load: () => import('./simulator.ts') },
  { name: 'streams-take-over', load: () => import('./streams-take-over.ts') },
  { name: 'rest-fuzz', load: () => import('./rest-fuzz.ts') },
  { name: 'thousand', load: () => import('./thousand.ts') },
]

const args = process.argv.slice(2)
const name = args.find((arg) => !arg.startsWith('--'))
const trial = trials.find((candidate) => candidate.name === name)
if (trial === undefined) {
  console.error(`trial: give the name of one of: ${trials.map((candidate) => candidate.name).join(', ')}`)
  process.exit(2)
}
const seed = Number(valueOf('--seed') ?? 1)
const held = await (await trial.load()).trial({ full: args.includes('--full'), seed, only: valueOf('--only') })
process.exit(held ? 0 : 1)

function valueOf(option: string): string | null {
  const at = args.indexOf(option)
  return at === -1 ? null : (args[at + 1] ?? null)
}
