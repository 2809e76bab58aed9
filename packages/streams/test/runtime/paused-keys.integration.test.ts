/** Keys that are paused, on a real Kafka. `SLUICE_TEST_KAFKA` names it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Stage, text, until, type Write } from '../scenarios/stage.ts'
import { countsIn, readCommitted } from '../support/read-committed.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const KILLS = 3

onABroker('a key that is paused (needs SLUICE_TEST_KAFKA)', () => {
  let stage: Stage
  let folder: string
  const children: ChildProcess[] = []
  beforeAll(async () => {
    stage = await Stage.open(address)
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-paused-'))
  })
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL')
    await stage.close()
    fs.rmSync(folder, { recursive: true, force: true })
  })

  const through: Write = (builder, topic) => builder.stream(topic('in'), text).to(topic('out'), text)

  const counting: Write = (builder, topic) =>
    builder
      .stream(topic('in'), text)
      .groupByKey()
      .count({ materialized: { name: 'counts', caching: false } })
      .toStream()
      .mapValues(String)
      .to(topic('out'), text)

  test('waits, and nothing else does; a run until the end waits for it; what it has goes on in order', async () => {
    const app = await stage.application({ in: 1, out: 1 }, through)
    const target = { topic: app.topic('in'), key: 'a' }
    const put = (...rows: readonly string[]): Promise<void> =>
      app.put('in', ...rows.map((row) => ({ key: row.split(':')[0]!, value: row.split(':')[1]! })))
    await put('b:0')
    const one = app.start()
    one.streams.pause(target)
    await put('a:1', 'b:2', 'a:3', 'c:4')
    expect(await app.arrive('out', 3)).toEqual(['b:0', 'b:2', 'c:4'])
    await until(() => one.streams.progress()[0]?.committed === 1)
    await one.end()

    const two = app.start({ until: 'end' })
    two.streams.pause(target)
    let isOver = false
    void two.run.finally(() => (isOver = true))
    await put('b:5')
    expect(await app.arrive('out', 4)).toEqual(['b:0', 'b:2', 'c:4', 'b:5'])
    expect([isOver, two.streams.isPaused(target), two.streams.isPaused({ ...target, key: 'b' })]).toEqual([
      false,
      true,
      false,
    ])
    two.streams.resume(target)
    await two.run
    expect((await app.read('out')).slice(4)).toEqual(['a:1', 'a:3'])
  }, 60_000)

  test.each(['exactly_once_v2', 'at_least_once'])(
    'goes with its task: to another instance, where nothing is paused, and into a savepoint: %s',
    async (guarantee) => {
      const app = await stage.application({ in: 1, out: 1 }, counting)
      const settings = { 'processing.guarantee': guarantee }
      const put = (...keys: readonly string[]): Promise<void> =>
        app.put('in', ...keys.map((key) => ({ key, value: 'x' })))
      const one = app.start({ settings, state: 'one' })
      one.streams.pause({ topic: app.topic('in'), key: 'a' })
      await put('b', 'a', 'b', 'a', 'c')
      expect(await app.arrive('out', 3)).toEqual(['b:1', 'b:2', 'c:1'])
      const url = `memory:${app.name}`
      await one.streams.savepoint(url)

      const two = app.start({ settings, state: 'two' })
      await until(async () => (await app.members()) === 2)
      await one.end()
      expect(await app.arrive('out', 5)).toEqual(['b:1', 'b:2', 'c:1', 'a:1', 'a:2'])
      await two.end()

      const next = await stage.application({ out: 1 }, (builder, topic) =>
        counting(builder, (name) => (name === 'in' ? app.topic('in') : topic(name))),
      )
      await next.beginFrom(url, { settings })
      const three = next.start({ settings })
      expect(await next.arrive('out', 2)).toEqual(['a:1', 'a:2'])
      await three.end()
    },
    90_000,
  )

  test.each(['the keys are paused again', 'nothing is paused any more'])(
    'is killed again and again while others go on, and each record is counted once: %s',
    async (then) => {
      const name = `paused-${randomUUID().slice(0, 8)}`
      const [input, output] = [`${name}.in`, `${name}.out`]
      await stage.kafka.admin.ensureTopics([input, output].map((topic) => ({ topic, partitions: 2 })))
      const producer = stage.kafka.producer()
      let written = 0
      const feed = async (): Promise<void> => {
        await producer.produce(
          Array.from({ length: 40 }, (_, i) => ({
            topic: input,
            partition: null,
            key: Buffer.from(`k${i % 8}`),
            value: Buffer.from('x'),
            timestamp: null,
            headers: null,
          })),
        )
        written += 40
      }
      const start = (keys: string): ChildProcess => {
        const script = new URL('./pause-in-child.ts', import.meta.url).pathname
        const env = { ...process.env, ADDRESS: address, NAME: name, STATE: path.join(folder, name), KEYS: keys }
        const child = spawn(process.execPath, ['--conditions=@sluice/source', script], {
          env,
          stdio: ['ignore', 'ignore', 'inherit'],
        })
        children.push(child)
        return child
      }
      const arrived = (count: number): Promise<void> =>
        until(async () => (await readCommitted(stage.kafka, output)).length >= count)
      for (let round = 0; round < KILLS; round++) {
        // Those of k0 and k3 of all rounds are held back by then, and all others are through.
        const isAgain = round === 0 || then === 'the keys are paused again'
        const child = start(isAgain ? 'k0,k3' : '')
        await feed()
        await arrived(isAgain ? (written * 6) / 8 : written)
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      const last = start('')
      await arrived(written)
      last.kill('SIGKILL')
      await once(last, 'exit')
      await producer.close()
      const counts = await countsIn(stage.kafka, output, 2)
      const each = Array.from({ length: written / 8 }, (_, i) => i + 1)
      expect(Object.fromEntries(counts)).toEqual(
        Object.fromEntries(Array.from({ length: 8 }, (_, k) => [`k${k}`, each])),
      )
    },
    120_000,
  )

  test('is refused where a restart would read the topic once more for what was ahead of it', async () => {
    const table = await stage.application({ in: 1, out: 1 }, (builder, topic) =>
      builder
        .table(topic('in'), { ...text, materialized: { name: 'rows' } })
        .toStream()
        .to(topic('out'), text),
    )
    const one = table.start({ optimizations: 'all' })
    expect(() => one.streams.pause({ topic: table.topic('in'), key: 'a' })).toThrow(/rows is restored from/)
    expect(() => one.streams.pause({ key: 'a' })).toThrow(/The topic of a key/)
    one.streams.pause({ topic: 'another', key: 'a' })
    await one.end()
  }, 60_000)
})
