import type { Fault } from './fault.ts'
import { simulate, type Simulation, type SimulationOptions } from './simulate.ts'

/**
 * Leaves out one fault after the other of a simulation that broke an invariant, as long as the same one breaks without it. What is left
 * breaks it with these options and `faults` in place of the seed's.
 */
export async function shrink(options: SimulationOptions, broken: Simulation): Promise<Simulation> {
  const invariant = broken.violations[0]?.invariant
  let smallest = broken
  for (let i = 0; i < smallest.faults.length;) {
    const faults: readonly Fault[] = smallest.faults.toSpliced(i, 1)
    const tried = await simulate({ ...options, faults })
    if (tried.violations.some((violation) => violation.invariant === invariant)) smallest = tried
    else i++
  }
  return smallest
}
