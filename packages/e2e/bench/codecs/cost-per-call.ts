const ROUNDS = 7

/** Keeps results from being optimised away. */
export let kept: unknown

/** Microseconds of CPU per call, of the least of some rounds: what it costs when nothing else disturbs. */
export function costPerCall(run: () => unknown, calls: number): number {
  let least = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < calls; i++) kept = run()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / calls)
  }
  return least
}
