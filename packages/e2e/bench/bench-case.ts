/** One line of the benchmark table: our figure, a peer's from the same run, and the bar that ours must not exceed. */
export interface BenchCase {
  readonly name: string
  readonly unit: 'CPU-s' | 'CPU-ms' | 'µs' | 'ms' | 'MiB' | 'MB' | '% of a core'
  readonly ours: number
  /** `value` is null where the peer is not installed or was not run. */
  readonly peer: readonly { readonly name: string; readonly value: number | null }[]
  readonly bar?: number
}
