import { Serdes, type StreamsBuilder } from '@sluice/streams'
import type { StructValue } from '@sluice/sdk'
import { birdStrikeSchema, toBirdStrike, type BirdStrike } from './row.ts'
import { birdStrikeGate } from './rules.ts'
import type { BirdStrikeSettings } from './settings.ts'

/**
 * raw lines → typed rows → gate → clean rows.
 *
 * The key is the airport, as the source set it: the strikes of one airport stay in order, and equal lines meet in one partition, which
 * is where the gate can tell that a line repeats.
 */
export function birdStrikes(builder: StreamsBuilder, settings: BirdStrikeSettings): void {
  builder
    .stream(settings['input.topic'], {
      key: Serdes.string,
      value: Serdes.json<StructValue>(),
      quarantine: settings['quarantine.topic'],
    })
    .filter((_key, line): line is StructValue => line !== null, { name: 'without-tombstones' })
    .mapValues(toBirdStrike)
    .gate(birdStrikeGate, { valueSchema: birdStrikeSchema })
    .to(settings['output.topic'], { key: Serdes.string, value: Serdes.json<BirdStrike>(birdStrikeSchema) })
}
