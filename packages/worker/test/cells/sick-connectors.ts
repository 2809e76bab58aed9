/**
 * Connectors that misbehave as their setting `sick` says, and healthy ones that count. The default export is loaded by cells; what a
 * healthy task has done can be seen from outside by the file that its setting `pulse` names: a line per poll or put, with the process.
 */
import fs from 'node:fs'
import {
  defineSettings,
  defineSink,
  defineSource,
  systemClock,
  type Connector,
  type ConnectorContext,
  type ParsedSettings,
  type SinkTask,
  type SourceRecord,
  type SourceTask,
  type TopicPartitionOffset,
} from '@sluice/sdk'

/** `block-` never comes back, as a promise that is never settled does not. */
export type Sickness =
  | ''
  | 'block-validate'
  | 'block-start'
  | 'block-task-settings'
  | 'block-stop'
  | 'block-task-start'
  | 'block-poll'
  | 'block-put'
  | 'block-task-stop'
  | 'spin-start'
  | 'spin-poll'
  | 'spin-put'
  | 'spin-later'
  | 'spin-validate'
  | 'exhaust-memory'
  | 'exhaust-buffers'
  | 'exit'
  | 'throw-in-timer'
  | 'reject-unhandled'
  | 'kill-itself'
  | 'fail-poll'

const settings = defineSettings({
  sick: { type: 'string', default: '', importance: 'high', documentation: 'What is wrong with it.' },
  topic: { type: 'string', default: '', importance: 'high', documentation: 'Where to.' },
  pulse: { type: 'string', default: '', importance: 'low', documentation: 'A file for signs of life.' },
  'after.ms': { type: 'int', default: 0, importance: 'low', documentation: 'How long it is well.' },
  'task.count': { type: 'int', default: 1, importance: 'low', documentation: 'How many tasks there are.' },
  'poll.ms': { type: 'int', default: 20, importance: 'low', documentation: 'How long a poll takes.' },
  'per.poll': { type: 'int', default: 1, importance: 'low', documentation: 'Records of a poll.' },
})
type Settings = ParsedSettings<typeof settings>

const NUMBERS = Object.freeze({ numbers: 'all' })
const never = (): Promise<never> => new Promise(() => undefined)

function spin(): never {
  for (let n = 0; ; n++) if (n === -1) throw new Error('cannot be')
}

/** Where a connector was told to be sick, it does not come back from here. */
async function fallIll(sick: string, at: string): Promise<void> {
  if (sick === `block-${at}`) return never()
  if (sick === `spin-${at}`) spin()
}

/** Things that go wrong while a task runs, whatever it is called for. */
function breakDown(sick: string): void {
  switch (sick) {
    case 'exhaust-memory': {
      const kept: object[] = []
      for (;;) kept.push({ n: kept.length, text: `kept ${kept.length}` })
    }
    case 'exhaust-buffers':
      return hoard()
    case 'exit':
      process.exit(3)
    // Never comes here.
    case 'throw-in-timer':
      setTimeout(() => {
        throw new Error('thrown where nobody catches')
      }, 1)
      return
    case 'reject-unhandled':
      void Promise.reject(new Error('rejected where nobody waits'))
      return
    case 'kill-itself':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'spin-later':
      // In a continuation: no call of the connector is on the stack.
      setTimeout(spin, 1)
  }
}

const hoarded: Buffer[] = []

/** Memory outside of the JavaScript heap, some at a time: the event loop goes on. */
function hoard(): void {
  hoarded.push(Buffer.alloc(16_000_000, 1))
  setTimeout(hoard, 10)
}

class Pulse {
  readonly #settings: Settings
  readonly #since = systemClock.monotonic()
  #isBroken = false

  constructor(own: Settings) {
    this.#settings = own
  }

  beat(): void {
    const { pulse, sick } = this.#settings
    if (pulse !== '') fs.appendFileSync(pulse, `${process.pid}\n`)
    if (this.#isBroken || !this.isTime) return
    this.#isBroken = true
    breakDown(sick)
  }

  get isTime(): boolean {
    return systemClock.monotonic() - this.#since >= this.#settings['after.ms']
  }
}

class SickSourceTask implements SourceTask {
  readonly #settings: Settings
  readonly #pulse: Pulse
  #next = 0

  constructor(own: Settings) {
    this.#settings = own
    this.#pulse = new Pulse(own)
  }

  async start(): Promise<void> {
    if (this.#settings.sick === 'block-task-start') this.#pulse.beat()
    await fallIll(this.#settings.sick, 'task-start')
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    const { sick, topic } = this.#settings
    this.#pulse.beat()
    if (this.#pulse.isTime) {
      await fallIll(sick, 'poll')
      if (sick === 'fail-poll') throw new Error('the source is dry')
    }
    await systemClock.sleep(this.#settings['poll.ms'], signal)
    return Array.from({ length: this.#settings['per.poll'] }, () => record(topic, this.#next++))
  }

  async stop(): Promise<void> {
    await fallIll(this.#settings.sick, 'task-stop')
  }
}

class SickSinkTask implements SinkTask {
  readonly #settings: Settings
  readonly #pulse: Pulse

  constructor(own: Settings) {
    this.#settings = own
    this.#pulse = new Pulse(own)
  }

  async start(): Promise<void> {
    if (this.#settings.sick === 'block-task-start') this.#pulse.beat()
    await fallIll(this.#settings.sick, 'task-start')
  }

  async open(): Promise<void> {}

  async put(): Promise<void> {
    this.#pulse.beat()
    if (this.#pulse.isTime) await fallIll(this.#settings.sick, 'put')
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    return positions
  }

  async close(): Promise<void> {}

  async stop(): Promise<void> {
    await fallIll(this.#settings.sick, 'task-stop')
  }
}

function record(topic: string, n: number): SourceRecord {
  return {
    topic,
    partition: null,
    keySchema: null,
    key: null,
    valueSchema: null,
    value: String(n),
    timestamp: null,
    headers: null,
    sourcePartition: NUMBERS,
    sourcePosition: { n: n + 1 },
  }
}

const shared = {
  version: '1',
  documentation: 'Misbehaves as it is told.',
  settings,
  async validate(raw: Readonly<Record<string, string>>) {
    await fallIll(raw['sick'] ?? '', 'validate')
    return raw['sick'] === 'invalid' ? [{ setting: 'sick', message: 'is not right' }] : []
  },
  async taskSettings(own: Settings, raw: Readonly<Record<string, string>>) {
    await fallIll(own.sick, 'task-settings')
    return Array.from({ length: own['task.count'] }, (_, task) => ({ ...raw, number: String(task) }))
  },
  async start(own: Settings, context: ConnectorContext) {
    context.logger.info('It begins')
    await fallIll(own.sick, 'start')
    return { stop: () => fallIll(own.sick, 'stop') }
  },
}

export const sickSource: Connector = defineSource({
  ...shared,
  name: 'sick-source',
  createTask: (own) => new SickSourceTask(own),
})

export const sickSink: Connector = defineSink({
  ...shared,
  name: 'sick-sink',
  createTask: (own) => new SickSinkTask(own),
})

export default [sickSource, sickSink]
