/** A processor that does, or fails to do, what its settings say: for cells to run. */
import fs from 'node:fs'
import { defineSettings, nonEmptyString, oneOf, type ParsedSettings } from '@sluice/sdk'
import { defineProcessor, Serdes, type KStream, type Processor } from '@sluice/streams'

const ailingSettings = defineSettings({
  'input.topic': { type: 'string', validator: nonEmptyString, importance: 'high', documentation: 'What is read.' },
  'output.topic': { type: 'string', validator: nonEmptyString, importance: 'high', documentation: 'What is written.' },
  prefix: { type: 'string', default: '', importance: 'low', documentation: 'Put before each value.' },
  secret: { type: 'password', default: null, importance: 'low', documentation: 'Told to nobody.' },
  sick: {
    type: 'string',
    default: 'not',
    validator: oneOf(
      'not',
      'spin',
      'eat',
      'exit',
      'throw',
      'tell',
      'spin-topology',
      'throw-topology',
      'exit-topology',
      'unnamed',
      'join',
      'shifting',
    ),
    importance: 'low',
    documentation:
      'How it fails: at the record “die”, or when its topology is built; shifting: its store is another one once it is cured.',
  },
  cured: { type: 'string', default: '', importance: 'low', documentation: 'A file; where it is there, nothing fails.' },
})

type AilingSettings = ParsedSettings<typeof ailingSettings>

const strings = { key: Serdes.string, value: Serdes.string }
const kept: unknown[] = []

const processor: Processor<AilingSettings> = defineProcessor({
  name: 'ailing',
  version: '7',
  documentation: 'Copies.',
  settings: ailingSettings,
  topology(builder, settings) {
    const { 'input.topic': input, 'output.topic': output, sick, prefix, cured, secret } = settings
    if (sick === 'spin-topology') for (;;) kept.length = 0
    if (sick === 'throw-topology') throw new Error(`No topology with ${secret?.value() ?? 'nothing'}`)
    if (sick === 'exit-topology') {
      console.error(`It ends with ${secret?.value() ?? 'nothing'}`)
      process.exit(3)
    }
    const stream = builder.stream(input, strings)
    if (sick === 'unnamed')
      stream
        .groupBy((_, value) => value, strings)
        .count()
        .toStream()
        .mapValues(String)
        .to(output, strings)
    if (sick === 'join')
      stream
        .leftJoin(builder.table(`${input}-table`, { ...strings, materialized: { name: 'rows' } }), (left) => left)
        .to(output, strings)
    if (sick === 'shifting') shift(stream, output, fs.existsSync(cured))
    if (sick === 'unnamed' || sick === 'join' || sick === 'shifting') return
    stream
      .mapValues((value) => {
        if (value === 'die' && !fs.existsSync(cured)) fail(sick, secret?.value() ?? '')
        return prefix + String(value)
      })
      .to(output, strings)
  },
})

export default processor

function shift(stream: KStream<string | null, string | null>, output: string, hasShifted: boolean): void {
  const grouped = stream.groupBy((_, value) => value, { ...strings, name: 'by-value' })
  const table = hasShifted
    ? grouped.reduce((_, value) => value, { materialized: { name: 'rows', value: Serdes.string } })
    : grouped.count({ materialized: { name: 'rows' } })
  table.toStream().mapValues(String).to(output, strings)
}

function fail(sick: AilingSettings['sick'], secret: string): void {
  if (sick === 'spin') for (;;) kept.length = 0
  if (sick === 'exit') process.exit(3)
  if (sick === 'throw') throw new Error(`It cannot go on with ${secret}`)
  if (sick === 'tell') console.warn('It tells')
  if (sick === 'eat') for (;;) kept.push(Array.from({ length: 100_000 }, () => kept.length + 0.5))
}
