import { setFlagsFromString } from 'node:v8'

/**
 * Tells V8 what a processor does with memory. What it makes of the first records may wait until their topics are found: where V8 takes that
 * for a sign of what lives long, it puts all that come later among the old, and a count costs half as much CPU again. And the part for new
 * objects stays as large as it is at first: records are gone after a batch, however large it is. For the whole process, at its start.
 */
export function keepRecordsYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
  setFlagsFromString('--semi-space-growth-factor=1')
}
