/** The quickstart's processor: wildlife strikes reported to the FAA, typed, judged and cleaned. */
import { defineProcessor, type Processor } from '@sluice/streams'
import { birdStrikeSettings, type BirdStrikeSettings } from './settings.ts'
import { birdStrikes } from './topology.ts'

export { birdStrikeSchema, birdStrikeSchemaJson, toBirdStrike, type BirdStrike } from './row.ts'
export { birdStrikeGate } from './rules.ts'
export { birdStrikeSettings, type BirdStrikeSettings }

const processor: Processor<BirdStrikeSettings> = defineProcessor({
  name: 'bird-strikes',
  version: '1',
  documentation:
    'Turns the lines of the FAA wildlife strike file into typed rows, marks what is missing or doubtful, quarantines what contradicts itself, and drops repetitions. ' +
    'What becomes of each fault, and why, is written beside its rule.',
  settings: birdStrikeSettings,
  topology: birdStrikes,
})

export default processor
