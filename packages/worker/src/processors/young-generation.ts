import { setFlagsFromString } from 'node:v8'

/**
 * For the start of a processor's own process. Left alone, V8 gives new objects two halves of 8 or of 16 MiB, as it happens at the start;
 * of 16 MiB more a processor would have a few percent of its CPU.
 */
export const FLAGS: readonly string[] = ['--max-semi-space-size=8']

/**
 * Tells V8 what a processor does with memory. What it makes of the first records may wait until their topics are found: where V8 takes that
 * for a sign of what lives long, it puts all that come later among the old, and a count costs half as much CPU again. The part for new
 * objects stays as large as it is at first: records are gone after a batch, however large it is. And what lives long may double between two
 * full collections: V8's own measure goes by the memory of the machine, and a windowed sum then held 60 MiB of garbage. For the whole
 * process, at its start.
 */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=100')
}
