/** What goes wrong for a sink while records keep coming. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { SeededRandom } from '@sluice/sdk/testing'
import { FROZEN_MS, type SinkOnTrial, type Sinks } from './sinks.ts'
import type { FaultyS3, OrderedFault } from './store-on-trial.ts'
import { within } from './within.ts'

/** Where an entry of the log goes, and where a data file does. */
const ENTRY = String.raw`/_delta_log/\d{20}\.json$`
const FILE = String.raw`\.parquet$`
const STRIKES_MS = 60_000
const FAULT_RATE = 0.04
/** What is written so that something is put. */
const BAIT = 600

export interface Fire {
  readonly sinks: Sinks
  readonly sink: SinkOnTrial
  readonly faults: FaultyS3 | undefined
  readonly random: SeededRandom
  /** How long the store is away. */
  readonly awayMs: number
}

export interface Harm {
  readonly name: string
  /** Whether it is the store that is told to fail. */
  readonly needsFaults: boolean
  /** @returns how many processes it has killed */
  strike(fire: Fire): Promise<number>
}

function anywhere(name: string, strike: (fire: Fire, at: number) => number | Promise<number>): Harm {
  return {
    name,
    needsFaults: false,
    strike: async (fire) => {
      await sleep(fire.random.below(700))
      return strike(fire, fire.random.below(fire.sinks.workers.length))
    },
  }
}

function atStore(name: string, strike: (fire: Fire, faults: FaultyS3) => Promise<number>): Harm {
  return {
    name,
    needsFaults: true,
    strike: async (fire) => {
      const { faults } = fire
      if (faults === undefined) throw new Error(`${name}: this store cannot be told to fail`)
      await faults.clear()
      return strike(fire, faults)
    },
  }
}

/** Everybody is killed when a request of that kind has arrived at the store. @param isLate it is carried out when others have taken over */
function aimed(name: string, fault: OrderedFault, isLate = false): Harm {
  return atStore(name, async ({ sinks, sink, random }, faults) => {
    const { struck } = await faults.hold(name, { on: 'PutObject', ...fault })
    await sink.orders.write(BAIT)
    await within(struck, STRIKES_MS, `something is put (${name})`)
    const killed = await sinks.killEverybody()
    if (!isLate) await faults.release(name)
    await sinks.startBoth()
    if (isLate) {
      await sleep(random.below(1_500))
      await faults.release(name)
    }
    return killed
  })
}

/** Frozen until others have their partitions; then they come back, and believe that they still have them. */
function frozen(name: string, what: 'worker' | 'cells'): Harm {
  return anywhere(name, async ({ sinks }, at) => {
    const thaw = sinks.freeze(at, what)
    await sleep(FROZEN_MS)
    thaw()
    return 0
  })
}

export const HARMS: readonly Harm[] = [
  anywhere('a worker killed', async ({ sinks }, at) => {
    await sinks.killWorker(at)
    return 1
  }),
  anywhere('cells killed', ({ sinks }, at) => sinks.killCells(at)),
  frozen('a worker frozen with its cells', 'worker'),
  frozen('cells frozen', 'cells'),
  aimed('all killed in an upload', { effect: 'hang', key: FILE }),
  aimed('all killed between upload and commit', { effect: 'hang', key: ENTRY }),
  aimed('all killed between commit and its answer', { effect: 'none', key: ENTRY }),
  aimed(
    'all killed with a commit on its way, which arrives when others have taken over',
    { effect: 'none', key: ENTRY },
    true,
  ),
  atStore('the store away', async ({ awayMs }, faults) => {
    await faults.add({ effect: 'unavailable', times: Infinity })
    await sleep(awayMs)
    await faults.clear()
    return 0
  }),
  // They last until the next harm at the store.
  atStore('passing faults', async ({ random }, faults) => {
    await faults.chance(random.below(1_000_000), FAULT_RATE)
    return 0
  }),
]
