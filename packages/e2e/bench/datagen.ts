/**
 * Records that are made up, into a topic as JSON, through the standalone worker: the connector, the converter, the source loop, the
 * producer. Beside it: what making them alone costs, and a file of as many lines.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings } from '@sluice/sdk'
import { FakeSourceContext } from '@sluice/sdk/testing'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'
import { costOfSource, cpuSeconds } from './standalone-source.ts'

const WARM_UP = 100_000
const LINE = `${'x'.repeat(99)}\n`
const CASES: readonly (readonly [string, RawSettings])[] = [
  ['users, 4 fields', { quickstart: 'users' }],
  ['orders, 5 fields, one of them a struct', { quickstart: 'orders' }],
  ['changes of users', { quickstart: 'users', 'change.events': 'true', 'tombstones.on.delete': 'false' }],
]

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await brokerForBench()
  const count = short ? 100_000 : 1_000_000
  const scale = 1_000_000 / count
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-datagen-'))
  try {
    const file = path.join(folder, 'lines.txt')
    fs.writeFileSync(file, LINE.repeat(count))
    const lines = { 'connector.class': 'FileStreamSource', file }
    await through(broker, folder, 'warm-lines', count, lines, 'topic')
    const ofFile = (await through(broker, folder, 'lines', count, lines, 'topic')) * scale
    const cases: BenchCase[] = []
    for (const [what, settings] of CASES) {
      await alone(settings, WARM_UP)
      const making = (await alone(settings, count)) * scale
      const config = { 'connector.class': 'datagen', 'max.interval': '0', ...settings }
      await through(broker, folder, `warm-${cases.length}`, WARM_UP, config, 'kafka.topic')
      const ours = (await through(broker, folder, `made-${cases.length}`, count, config, 'kafka.topic')) * scale
      cases.push(
        { name: `1,000,000 records made: ${what}`, unit: 'CPU-s', ours: making, peer: [] },
        {
          name: `1,000,000 records made and in a topic, JSON: ${what}`,
          unit: 'CPU-s',
          ours,
          peer: [{ name: 'as many lines of 100 B from a file, JSON', value: ofFile }],
        },
      )
    }
    return cases
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

/** CPU-seconds of the connector without a worker. */
async function alone(settings: RawSettings, count: number): Promise<number> {
  const context = new FakeSourceContext()
  const all = { 'kafka.topic': 't', 'max.interval': '0', iterations: String(count), ...settings }
  const task = datagenSource.createTask(datagenSource.settings.parse(all), context)
  const signal = new AbortController().signal
  await task.start(signal)
  const started = process.cpuUsage()
  for (let made = 0; made < count;) made += (await task.poll(signal))?.length ?? 0
  return cpuSeconds(started)
}

/** CPU-seconds of this process, from the start of a worker until as many records are in the topic. */
async function through(
  broker: string,
  folder: string,
  name: string,
  count: number,
  config: RawSettings,
  topicSetting: string,
): Promise<number> {
  const settings = {
    'bootstrap.servers': broker,
    'key.converter': 'JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
    'offset.storage.file.filename': path.join(folder, `${name}.positions`),
    'offset.flush.interval.ms': '1000',
    listeners: 'http://127.0.0.1:0',
  }
  const isFile = config['file'] !== undefined
  const own = {
    name,
    ...config,
    [topicSetting]: `bench-datagen-${name}-${process.pid}-${Date.now()}`,
    ...(isFile ? {} : { iterations: String(count) }),
    'topic.creation.default.partitions': '4',
    'restart.enable': 'false',
  }
  return costOfSource(settings, own, count)
}
