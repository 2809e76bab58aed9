import type { FetchedPartition, Kafka } from '@sluice/kafka'
import { SluiceError, type TopicPartitionOffset } from '@sluice/sdk'
import { leaf, type Terminal } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { plain } from '../connect/output.ts'
import { kafkaOptions, partitionsOf, withKafka } from '../topics/kafka-options.ts'
import { type RecordFormats, recordLine, type ShownRecord } from '../topics/record-text.ts'
import { converterSettings, FORMAT_DETAILS, formatOptions, openFormat } from '../topics/registry-options.ts'
import { positionsAt, startOf } from '../topics/start.ts'

const POLL_MS = 500

export const consumeNode = leaf({
  name: 'consume',
  summary: 'Writes the records of a topic to standard output',
  endsUnread: true,
  operands: [{ name: 'TOPIC', documentation: 'A topic' }],
  options: {
    from: {
      type: 'text',
      value: 'PLACE',
      default: 'beginning',
      documentation:
        'Where to begin: beginning, end, an offset, a time as 2026-01-31T12:00:00Z, or -10m for ten minutes ago',
    },
    partition: { type: 'number', short: 'p', value: 'N', documentation: 'Only this partition' },
    max: { type: 'number', short: 'n', value: 'COUNT', documentation: 'Stop after so many records' },
    follow: { type: 'flag', short: 'f', documentation: 'Wait for more at the end, until it is interrupted' },
    output: {
      type: 'text',
      short: 'o',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      documentation:
        'text: the value; json: an object on each line, with key, headers and place, which produce --input json takes',
    },
    'show-key': { type: 'flag', short: 'k', documentation: 'With -o text: the key and a tabulator before the value' },
    ...formatOptions,
    committed: { type: 'flag', documentation: 'Without records of transactions that are open or were aborted' },
    ...kafkaOptions,
  },
  details:
    'Ends at what was the end of the topic when it began, unless told to --follow. It is in no group, and commits nothing. Records of one\n' +
    'partition come in order. Bytes that are not what they are said to be are written as base64, and marked: how many is said at the end.\n' +
    FORMAT_DETAILS,
  examples: [
    'consume orders --max 5',
    'consume orders -f --from end -o json',
    'consume orders -o json --value-format json | jq .value.id',
    'consume orders --value-format avro --schema-registry http://localhost:8081',
  ],
  async run({ values, operands: [topic], signal, terminal }) {
    const start = startOf(values.from, terminal.clock.now())
    return withKafka(values, async (kafka) => {
      const count = await partitionsOf(kafka, topic!)
      if (values.partition !== undefined && values.partition >= count) {
        throw new SluiceError('OBJECT_MISSING', `Topic ${topic} has no partition ${values.partition}`, {
          remedy: `It has ${count}, from 0.`,
        })
      }
      const all = Array.from({ length: count }, (_, partition) => ({ topic: topic!, partition }))
      const partitions = values.partition === undefined ? all : [all[values.partition]!]
      const isolation = values.committed ? 'read_committed' : 'read_uncommitted'
      const listed = await kafka.admin.partitions.listOffsets(
        partitions.map((partition) => ({ ...partition, at: 'latest' as const })),
        { isolation },
      )
      const ends = listed.map(({ item: { topic, partition }, value, error }) => {
        if (error !== null) throw error
        return { topic, partition, offset: value.offset }
      })
      const positions = await positionsAt(kafka, partitions, start, ends)
      const misfits = new Misfits()
      const settings = await converterSettings(values, values.timeout)
      const of = { topic: topic!, settings, signal, onMisfit: (reason: string) => misfits.add(reason) }
      const formats = {
        key: await openFormat(values['key-format'], { ...of, side: 'key' }),
        value: await openFormat(values['value-format'], { ...of, side: 'value' }),
      }
      try {
        await read(kafka, {
          positions,
          ends: values.follow ? null : ends,
          max: values.max ?? Infinity,
          isolation,
          line: misfits.watching(lineOf(formats, { isJson: values.output === 'json', hasKey: values['show-key'] })),
          signal,
          terminal,
        })
      } finally {
        for (const format of Object.values(formats)) format.close?.()
        terminal.err(misfits.told())
      }
      return EXIT.ok
    })
  },
})

interface Reading {
  readonly positions: readonly TopicPartitionOffset[]
  /** Where to stop; null: nowhere. */
  readonly ends: readonly TopicPartitionOffset[] | null
  readonly max: number
  readonly isolation: 'read_uncommitted' | 'read_committed'
  readonly line: LineOf
  readonly signal: AbortSignal
  readonly terminal: Terminal
}

async function read(kafka: Kafka, { positions, ends, max, isolation, line, signal, terminal }: Reading): Promise<void> {
  const endOf = new Map((ends ?? []).map(({ partition, offset }) => [partition, offset]))
  const open = new Map(positions.map((position) => [position.partition, position.offset]))
  const forgetDone = (): void => {
    if (ends !== null) for (const [partition, at] of open) if (at >= endOf.get(partition)!) open.delete(partition)
  }
  forgetDone()
  let left = max
  const fetcher = kafka.fetcher({ isolation, maxWaitMs: POLL_MS })
  try {
    fetcher.assign(positions.filter(({ partition }) => open.has(partition)))
    while (open.size > 0 && left > 0 && !signal.aborted) {
      for (const fetched of await fetcher.poll(POLL_MS, signal)) {
        if (!open.has(fetched.partition)) continue
        const lines = await linesOf(fetched, endOf.get(fetched.partition) ?? Infinity, left, line)
        left -= lines.length
        terminal.out(lines.join(''))
        open.set(fetched.partition, fetched.nextOffset)
      }
      forgetDone()
    }
  } finally {
    await fetcher.close()
  }
}

async function linesOf(
  { topic, partition, batches }: FetchedPartition,
  end: number,
  max: number,
  line: LineOf,
): Promise<readonly string[]> {
  const lines: string[] = []
  for (const batch of batches) {
    for (let i = 0; i < batch.count && lines.length < max; i++) {
      const offset = batch.offset(i)
      if (offset >= end) return lines
      lines.push(
        await line({
          topic,
          partition,
          offset,
          timestamp: batch.timestamp(i),
          key: batch.key(i),
          value: batch.value(i),
          headers: batch.headers(i),
        }),
      )
    }
  }
  return lines
}

type LineOf = (record: ShownRecord) => Promise<string>

function lineOf(
  formats: RecordFormats,
  { isJson, hasKey }: { readonly isJson: boolean; readonly hasKey: boolean },
): LineOf {
  if (isJson) return (record) => recordLine(record, formats)
  return async (record) => {
    const { key, value, headers } = record
    const before = hasKey ? `${await formats.key.shown(key, headers)}\t` : ''
    return `${before}${await formats.value.shown(value, headers)}\n`
  }
}

/** Bytes that were not what they were said to be. */
class Misfits {
  #count = 0
  #first = ''
  #at = ''

  /** Knows from then on which record is looked at. */
  watching(line: LineOf): LineOf {
    return (record) => {
      this.#at = `${record.topic}/${record.partition}@${record.offset}`
      return line(record)
    }
  }

  add(reason: string): void {
    if (this.#count++ === 0) this.#first = `${this.#at}: ${reason}`
  }

  told(): string {
    if (this.#count === 0) return ''
    const many = this.#count === 1 ? 'A key or value is' : `${this.#count} keys or values are`
    return `${many} not of the given format, and shown as base64. The first is ${plain(this.#first)}\n`
  }
}

export const consume = declared(consumeNode)
