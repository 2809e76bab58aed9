import { MemoryMetrics } from '@sluice/sdk'
import type { Clock } from '@sluice/sdk'

/** A clock that stands still until it is told; sleeping takes a turn of the event loop and no time. */
export class StandingClock implements Clock {
  #ms = 0
  now(): number {
    return 1_760_000_000_000 + this.#ms
  }
  monotonic(): number {
    return this.#ms
  }
  async sleep(ms: number): Promise<void> {
    this.#ms += ms
    await new Promise((resolve) => setImmediate(resolve))
  }
  advance(ms: number): void {
    this.#ms += ms
  }
}

let writers = 0

export interface TestPorts {
  readonly clock: StandingClock
  readonly metrics: MemoryMetrics
  readonly random: { next(): number }
  readonly engineInfo: string
  readonly newId: () => string
}

/** Everything a table and its writer ask of the world; ids differ between writers. */
export function testPorts(): TestPorts {
  const writer = ++writers
  let ids = 0
  let dice = writer
  return {
    clock: new StandingClock(),
    metrics: new MemoryMetrics(),
    random: { next: () => (dice = (dice * 16_807) % 2_147_483_647) / 2_147_483_647 },
    engineInfo: 'sluice-test',
    newId: () => `w${writer}-${++ids}`,
  }
}
