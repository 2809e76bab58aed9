import { createReadStream } from 'node:fs'
import { addAbortSignal, Readable } from 'node:stream'
import type { Kafka, Producer, ProducerRecord } from '@sluice/kafka'
import { SluiceError, type RawHeader } from '@sluice/sdk'
import { type Given, leaf, type Terminal, type Values } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { nameAndValue } from '../command-line/name-and-value.ts'
import { kafkaOptions, partitionsOf, withKafka } from '../topics/kafka-options.ts'
import { linesIn } from '../topics/lines.ts'
import type { ByteFormat } from '../topics/byte-format.ts'
import { RecordBatches } from '../topics/record-batches.ts'
import { inLine, recordIn, type RecordFormats } from '../topics/record-text.ts'
import {
  converterSettings,
  FORMAT_DETAILS,
  formatOptions,
  type FormatValues,
  openFormat,
  type Side,
} from '../topics/registry-options.ts'
import { schemaIdFor, schemaOptions } from '../topics/schema-options.ts'

export const produceNode = leaf({
  name: 'produce',
  summary: 'Writes records to a topic: each line of standard input or a file, or one given value',
  operands: [{ name: 'TOPIC', documentation: 'A topic that is there' }],
  options: {
    filename: {
      type: 'text',
      short: 'f',
      value: 'FILE',
      default: '-',
      completes: 'file',
      documentation: 'Where the lines are; -: standard input',
    },
    value: { type: 'text', short: 'v', value: 'TEXT', documentation: 'One record with this value, and no lines' },
    key: { type: 'text', short: 'k', value: 'TEXT', documentation: 'The key of records whose lines have none' },
    header: {
      type: 'text',
      short: 'H',
      value: 'NAME=TEXT',
      isRepeated: true,
      documentation: 'A header of all records; may be repeated',
    },
    partition: {
      type: 'number',
      short: 'p',
      value: 'N',
      documentation: 'The partition, instead of the one for the key',
    },
    input: {
      type: 'text',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      documentation:
        'text: a line is a value; json: an object with value, and if wanted key, headers, partition, timestamp, as consume -o json writes it',
    },
    'key-separator': {
      type: 'text',
      value: 'TEXT',
      documentation: 'With text: what stands between key and value in a line',
    },
    ...formatOptions,
    ...schemaOptions,
    ...kafkaOptions,
  },
  details:
    'Comes back when every record is durable; lines that come by and by are written as they come. A line that cannot be understood ends it:\n' +
    'what was before is written, nothing after.\n' +
    FORMAT_DETAILS,
  examples: [
    'produce orders --key 17 --value \'{"id":17}\' --header source=hand',
    'produce orders --key-separator , < orders.csv',
    'consume orders -o json | sluice produce orders-copy --input json',
    'produce orders --value-format avro --schema-file order.avsc < orders.ndjson',
  ],
  async run({ values, operands: [topic], signal, terminal }) {
    const headers = values.header.map(headerOf)
    const { partition } = values
    return withKafka(values, async (kafka) => {
      const count = await partitionsOf(kafka, topic!)
      if (partition !== undefined && partition >= count)
        throw new SluiceError('OBJECT_MISSING', `Topic ${topic} has no partition ${partition}`, {
          remedy: `It has ${count}, from 0.`,
        })
      const lines =
        values.value === undefined
          ? linesIn(values.filename === '-' ? stdinUntil(signal, terminal) : fileBytes(values.filename))
          : [values.value]
      const formats = await formatsOf(values, topic!, signal)
      try {
        const key = values.key === undefined ? null : await inLine('key', {}, () => formats.key.ofText(values.key!))
        const base = { topic: topic!, partition: partition ?? null, key, timestamp: null }
        const made = async (line: string, number: number): Promise<ProducerRecord> => {
          const place = { line: number }
          if (values.input === 'json') {
            const given = await recordIn(line, formats, place)
            return {
              ...base,
              key: given.key === undefined ? base.key : given.key,
              partition: base.partition ?? given.partition ?? null,
              timestamp: given.timestamp ?? null,
              value: given.value,
              headers: [...given.headers, ...headers],
            }
          }
          const { key: keyText, value } = split(line, number, values['key-separator'])
          return {
            ...base,
            ...(keyText !== undefined && { key: await inLine('key', place, () => formats.key.ofText(keyText)) }),
            value: await inLine('value', place, () => formats.value.ofText(value)),
            headers,
          }
        }
        await writtenBy(kafka, lines, made, { values, signal, terminal })
      } finally {
        for (const format of Object.values(formats)) format.close?.()
      }
      return EXIT.ok
    })
  },
})

type Line = (line: string, number: number) => Promise<ProducerRecord>

async function formatsOf(
  values: FormatValues & Values<typeof schemaOptions> & { readonly timeout: number },
  topic: string,
  signal: AbortSignal,
): Promise<RecordFormats> {
  const settings = await converterSettings(values, values.timeout)
  const open = async (side: Side): Promise<ByteFormat> => {
    const format = values[`${side}-format`]
    const schemaId = await schemaIdFor(values, { side, format, topic, settings, signal })
    return openFormat(format, { side, topic, settings, signal, ...(schemaId !== undefined && { schemaId }) })
  }
  return { key: await open('key'), value: await open('value') }
}

async function writtenBy(
  kafka: Kafka,
  lines: AsyncIterable<string> | Iterable<string>,
  made: Line,
  { values, signal, terminal }: Pick<Given<typeof kafkaOptions>, 'values' | 'signal' | 'terminal'>,
): Promise<void> {
  const producer = kafka.producer({
    deliveryTimeoutMs: Math.max(values.timeout, 1000),
    requestTimeoutMs: values.timeout,
  })
  try {
    const written = await writeAll(producer, lines, made, { signal, terminal, isQuiet: values.quiet })
    if (signal.aborted) throw new SluiceError('INTERRUPTED', `Interrupted: ${written} records are written`)
  } finally {
    await producer.close()
  }
}

async function writeAll(
  producer: Producer,
  lines: AsyncIterable<string> | Iterable<string>,
  made: Line,
  {
    signal,
    terminal,
    isQuiet,
  }: { readonly signal: AbortSignal; readonly terminal: Terminal; readonly isQuiet: boolean },
): Promise<number> {
  const batches = new RecordBatches(producer, terminal.clock)
  let number = 0
  try {
    try {
      for await (const line of lines) {
        if (signal.aborted) break
        await batches.add(await made(line, ++number))
      }
    } catch (error) {
      // What it waited for is cut off.
      if (!signal.aborted) throw error
    } finally {
      // What was before a line that cannot be understood is written.
      await batches.flush()
    }
  } finally {
    batches.close()
    const { written } = batches
    if (!isQuiet) terminal.err(`${written} record${written === 1 ? '' : 's'} written\n`)
  }
  return batches.written
}

function split(
  line: string,
  number: number,
  separator: string | undefined,
): { readonly key?: string; readonly value: string } {
  if (separator === undefined) return { value: line }
  const at = line.indexOf(separator)
  if (at !== -1) return { key: line.slice(0, at), value: line.slice(at + separator.length) }
  throw new SluiceError('DATA_INVALID', `A line of the input has no '${separator}' between key and value`, {
    place: { line: number },
    remedy: 'Give --key-separator as it stands in the lines.',
  })
}

function headerOf(text: string): RawHeader {
  const [key, value] = nameAndValue('header', text)
  return { key, value: Buffer.from(value) }
}

/** Whoever interrupts does not wait for the next line. */
function stdinUntil(signal: AbortSignal, terminal: Terminal): AsyncIterable<Uint8Array> {
  const input = terminal.stdin()
  return input instanceof Readable ? addAbortSignal(signal, input) : input
}

async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file) as AsyncIterable<Uint8Array>
  } catch (cause) {
    throw new SluiceError('USAGE_INVALID', `-f is '${file}', which cannot be read`, {
      cause,
      remedy: 'Give the path of a file.',
    })
  }
}

export const produce = declared(produceNode)
