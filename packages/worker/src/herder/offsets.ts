/** Offsets of connectors: shown, altered, reset (KIP-875), with Kafka Connect's refusals. */
import { describeError, SluiceError, type Logger, type RawSettings } from '@sluice/sdk'
import { HerderError, type ConnectorOffset } from './herder.ts'
import type { ConnectorOffsets, OffsetsHook, SinkOffset, SinkPartition } from './ports.ts'

export interface OffsetParts {
  readonly offsets: ConnectorOffsets
  readonly hook: OffsetsHook
  readonly logger: Logger
}

export interface AlterRequest {
  readonly connector: string
  readonly config: RawSettings
  readonly isSink: boolean
  /** Null: forgets all. */
  readonly wanted: readonly ConnectorOffset[] | null
  /** Rejects if somebody has resumed or removed the connector, or leads in our place. */
  readonly assertStopped: () => Promise<unknown>
}

const TOPIC = 'kafka_topic'
const PARTITION = 'kafka_partition'
const OFFSET = 'kafka_offset'

export class OffsetRequests {
  readonly #parts: OffsetParts

  constructor(parts: OffsetParts) {
    this.#parts = parts
  }

  async list(connector: string, config: RawSettings, isSink: boolean): Promise<readonly ConnectorOffset[]> {
    const { offsets } = this.#parts
    if (!isSink) return offsets.sourceOffsets(connector, config)
    const found = await offsets.sinkOffsets(connector, config)
    return found.map(({ topic, partition, offset }) => ({
      partition: { [TOPIC]: topic, [PARTITION]: partition },
      offset: { [OFFSET]: offset },
    }))
  }

  /** The message for the answer. */
  alter(request: AlterRequest): Promise<string> {
    if (!request.isSink) return this.#alterSource(request)
    return request.wanted === null ? this.#resetSink(request) : this.#alterSink(request, request.wanted)
  }

  async #alterSource(request: AlterRequest): Promise<string> {
    const { offsets } = this.#parts
    const { connector, config, wanted } = request
    for (const given of wanted ?? []) checkSourceOffset(given)
    const all =
      wanted ?? (await offsets.sourceOffsets(connector, config)).map(({ partition }) => ({ partition, offset: null }))
    const isKnown = await this.#ask(request, all)
    if (all.length > 0) await offsets.alterSourceOffsets(connector, config, all)
    return message(isKnown, wanted === null ? 'reset' : 'altered')
  }

  async #alterSink(request: AlterRequest, wanted: readonly ConnectorOffset[]): Promise<string> {
    const { offsets } = this.#parts
    const { connector, config } = request
    const parsed = wanted.map(parseSinkOffset)
    const isKnown = await this.#ask(
      request,
      parsed.map(({ topic, partition, offset }) => ({
        partition: { [TOPIC]: topic, [PARTITION]: partition },
        offset: offset === null ? null : { [OFFSET]: offset },
      })),
    )
    const set = parsed.filter((entry): entry is SinkOffset => entry.offset !== null)
    const forgotten = parsed.filter((entry) => entry.offset === null)
    await this.#inGroup(connector, 'alter', async () => {
      if (set.length > 0) await offsets.alterSinkOffsets(connector, config, set)
      if (forgotten.length > 0) await offsets.deleteSinkOffsets(connector, config, forgotten)
    })
    return message(isKnown, 'altered')
  }

  async #resetSink(request: AlterRequest): Promise<string> {
    const { offsets } = this.#parts
    const { connector, config } = request
    const all = (await this.list(connector, config, true)).map(({ partition }) => ({ partition, offset: null }))
    const isKnown = await this.#ask(request, all)
    await this.#inGroup(connector, 'reset', () => offsets.deleteSinkGroup(connector, config))
    return message(isKnown, 'reset')
  }

  /** What the connector says of them; its own error is the answer. It may have taken long: whether they may be written is asked again. */
  async #ask(request: AlterRequest, wanted: readonly ConnectorOffset[]): Promise<boolean> {
    const isKnown = await this.#hook(request, wanted)
    await request.assertStopped()
    return isKnown
  }

  async #hook({ connector, config }: AlterRequest, wanted: readonly ConnectorOffset[]): Promise<boolean> {
    try {
      return await this.#parts.hook(connector, config, wanted)
    } catch (error) {
      if (error instanceof HerderError) throw error
      const remedy = error instanceof SluiceError && error.remedy !== undefined ? `. ${error.remedy}` : ''
      throw new HerderError(500, `${error instanceof Error ? error.message : String(error)}${remedy}`, { cause: error })
    }
  }

  async #inGroup(connector: string, verb: 'alter' | 'reset', work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.logger.warn('Offsets of a group were refused', { connector, reason: describeError(error) })
      const words = `Failed to ${verb} consumer group offsets for connector ${connector}`
      throw new HerderError(500, hasMembers(error) ? `${words}${zombies(verb)}` : words, { cause: error })
    }
  }
}

/** @throws HerderError 400 without a partition, 500 (as in Kafka Connect) for values within values */
function checkSourceOffset({ partition, offset }: ConnectorOffset): void {
  if (partition === null)
    throw new HerderError(400, 'The partition for a source connector offset cannot be null or missing')
  for (const [field, value] of [...Object.entries(partition), ...Object.entries(offset ?? {})])
    if (typeof value === 'object' && value !== null)
      throw new HerderError(
        500,
        `Offsets may only contain primitive types as values, but field ${field} contains ${Array.isArray(value) ? 'ARRAY' : 'MAP'}`,
      )
}

/** @throws HerderError 400 */
export function parseSinkOffset(given: ConnectorOffset): SinkPartition & { readonly offset: number | null } {
  const { partition } = given
  if (partition === null)
    throw new HerderError(400, 'The partition for a sink connector offset cannot be null or missing')
  if (!Object.hasOwn(partition, TOPIC) || !Object.hasOwn(partition, PARTITION))
    throw new HerderError(
      400,
      `The partition for a sink connector offset must contain the keys '${TOPIC}' and '${PARTITION}'`,
    )
  const topic = partition[TOPIC]
  if (topic === null || topic === undefined)
    throw new HerderError(400, 'Kafka topic names must be valid strings and may not be null')
  const number = partition[PARTITION]
  if (number === null || number === undefined)
    throw new HerderError(400, 'Kafka partitions must be valid numbers and may not be null')
  return {
    topic: textOf(topic),
    partition: integer(number, 'Partition', 2 ** 31),
    offset: parseOffset(given.offset),
  }
}

function parseOffset(offset: ConnectorOffset['offset'] | undefined): number | null {
  if (offset === null || offset === undefined) return null
  const value = offset[OFFSET]
  if (value === null || value === undefined)
    throw new HerderError(400, `The offset for a sink connector should either be null or contain the key '${OFFSET}'`)
  return integer(value, 'Offset', Number.MAX_SAFE_INTEGER)
}

/** Numbers may be given as text. */
function integer(value: unknown, what: 'Partition' | 'Offset', limit: number): number {
  const text = textOf(value)
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number) && Math.abs(number) < limit) return number
  throw new HerderError(
    400,
    `Failed to parse the following Kafka ${what.toLowerCase()} value in the provided offsets: '${text}'. ` +
      `${what} values for sink connectors need to be integers.`,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

function message(isKnown: boolean, verb: 'altered' | 'reset'): string {
  if (isKnown) return `The offsets for this connector have been ${verb} successfully`
  return (
    `The Connect framework-managed offsets for this connector have been ${verb} successfully. However, if this connector manages ` +
    `offsets externally, they will need to be manually ${verb} in the system that the connector uses.`
  )
}

/** Kafka's refusals of a group that is still read by somebody. */
function hasMembers(error: unknown): boolean {
  const word = error instanceof SluiceError ? String(error.place?.['error'] ?? '') : ''
  return ['UNKNOWN_MEMBER_ID', 'NON_EMPTY_GROUP', 'GROUP_SUBSCRIBED_TO_TOPIC'].includes(word)
}

function zombies(verb: 'alter' | 'reset'): string {
  return (
    " either because its tasks haven't stopped completely yet or the connector was resumed before the request to " +
    `${verb} its offsets could be successfully completed. If the connector is in a stopped state, this operation can be safely ` +
    "retried. If it doesn't eventually succeed, the Connect cluster may need to be restarted to get rid of the zombie sink tasks."
  )
}
