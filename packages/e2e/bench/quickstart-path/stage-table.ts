import type { BenchCase } from '../bench-case.ts'

/** The stages in the order in which a record passes them, with what happens there. */
const STAGES: Readonly<Record<string, string>> = {
  'source: poll': 'CSV to structs of text',
  'source: encode': 'JSON; the key as text',
  'source: produce': 'acks=all, idempotent',
  'processor: fetch': 'and a look at key and value',
  'processor: decode': 'JSON without a schema',
  'processor: map': 'text to typed rows',
  'processor: judge': '17 rules, one with a memory; marks',
  'processor: encode': 'JSON by schema',
  'processor: produce': 'acks=all, idempotent',
  'sink: fetch': 'and a look at key and value',
  'sink: decode': 'JSON by schema.content',
  'sink: put, commit': 'Parquet, zstd, Delta log',
}

type Peer = readonly [name: string, micros: number]

/** Figures per stage, whatever order they are measured in. */
export class StageTable {
  /**
   * Records of the stage per row of the file: what is added from now on was measured per record of its stage, and is shown per row of
   * the file, so that the figures add up.
   */
  perRow = 1
  readonly #figures = new Map<string, { readonly ours: number; readonly peer: Peer[] }>()

  add(stage: string, micros: number, peers: readonly Peer[] = []): void {
    this.#figures.set(stage, { ours: micros * this.perRow, peer: [] })
    for (const peer of peers) this.addPeer(stage, peer)
  }

  addPeer(stage: string, [name, micros]: Peer): void {
    this.#figures.get(stage)!.peer.push([name, micros * this.perRow])
  }

  get sum(): number {
    return [...this.#figures.values()].reduce((sum, { ours }) => sum + ours, 0)
  }

  cases(): BenchCase[] {
    return Object.entries(STAGES).map(([stage, what]) => {
      const { ours, peer } = this.#figures.get(stage)!
      return { name: `${stage} (${what})`, unit: 'µs', ours, peer: peer.map(([name, value]) => ({ name, value })) }
    })
  }
}
