import type { Random } from '@sluice/sdk'
import type { CrashPoint } from './link.ts'

interface AtTime {
  /** Milliseconds since the beginning. */
  readonly atMs: number
}

interface OfInstance extends AtTime {
  /** Counted from 0. */
  readonly instance: number
}

/** Something that goes wrong in a simulation. */
export type Fault =
  /** The instance ends as by kill -9, and is started again. Its memory is lost. */
  | (OfInstance & { readonly kind: 'crash'; readonly downMs: number })
  /** The same at a step: the so-manieth request of a kind from that time on. */
  | (OfInstance & {
      readonly kind: 'crash at'
      readonly request: string
      readonly number: number
      readonly point: CrashPoint
      readonly downMs: number
    })
  /** The instance ends in order, and is started again. */
  | (OfInstance & { readonly kind: 'stop'; readonly downMs: number })
  /** The instance stands still and goes on: for longer than a session, it is a zombie. */
  | (OfInstance & { readonly kind: 'freeze'; readonly ms: number })
  | (OfInstance & { readonly kind: 'lose requests' | 'lose answers' | 'slow'; readonly ms: number })
  /** The broker aborts every open transaction. */
  | (AtTime & { readonly kind: 'abort transactions' })
  /** The group shares out anew. */
  | (AtTime & { readonly kind: 'rebalance' })

export type FaultKind = Fault['kind']

export interface FaultPlan {
  readonly instances: number
  /** When the last fault may begin. */
  readonly untilMs: number
  /** Longer than this a frozen instance is a zombie. */
  readonly sessionTimeoutMs: number
}

const REQUESTS = [
  'produce',
  'fetch',
  'commit',
  'add offsets',
  'commit offsets',
  'committed offsets',
  'join',
  'sync',
  'begin',
  'list offsets',
] as const
const POINTS = ['asking', 'done', 'answered'] as const
const FIRST_MS = 200

/** The faults of a seed, oldest first. */
export function faultsOf(random: Random, { instances, untilMs, sessionTimeoutMs }: FaultPlan): readonly Fault[] {
  const between = (from: number, to: number): number => Math.round(from + random.next() * (to - from))
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!
  const fault = (): Fault => {
    const atMs = between(FIRST_MS, untilMs)
    const instance = Math.floor(random.next() * instances)
    const downMs = between(20, 2 * sessionTimeoutMs)
    const some = { atMs, instance }
    const roll = random.next()
    if (roll < 0.3) {
      const step = { request: pick(REQUESTS), number: between(1, 4), point: pick(POINTS) }
      return { kind: 'crash at', ...some, ...step, downMs }
    }
    if (roll < 0.4) return { kind: 'crash', ...some, downMs }
    if (roll < 0.5) return { kind: 'stop', ...some, downMs }
    if (roll < 0.68) {
      const isZombie = random.next() < 0.6
      const ms = isZombie ? between(1.2 * sessionTimeoutMs, 3 * sessionTimeoutMs) : between(20, 0.6 * sessionTimeoutMs)
      return { kind: 'freeze', ...some, ms }
    }
    if (roll < 0.86)
      return { kind: pick(['lose requests', 'lose requests', 'lose answers', 'slow']), ...some, ms: between(20, 2_500) }
    return roll < 0.94 ? { kind: 'abort transactions', atMs } : { kind: 'rebalance', atMs }
  }
  return Array.from({ length: between(2, 9) }, fault).toSorted((a, b) => a.atMs - b.atMs)
}

/** One line about a fault. */
export function describeFault(fault: Fault): string {
  const who = 'instance' in fault ? ` instance ${fault.instance}` : ''
  const step = fault.kind === 'crash at' ? ` ${fault.request} ${fault.number}, ${fault.point}` : ''
  const length = 'ms' in fault ? ` for ${fault.ms} ms` : 'downMs' in fault ? `, down for ${fault.downMs} ms` : ''
  return `${fault.atMs} ms: ${fault.kind}${step}${who}${length}`
}
