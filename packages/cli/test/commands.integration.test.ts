/** `connect-standalone` and `process` as an operator runs them: each a process with properties files, against a real Kafka. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const DEADLINE_MS = 30_000

const broker = process.env['SLUICE_TEST_KAFKA']
if (broker === undefined) console.log('The commands are not tested against Kafka: SLUICE_TEST_KAFKA is not set.')
const where = broker === undefined ? describe.skip : describe

let dir: string
const started: ChildProcess[] = []
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-commands-'))
})
afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  fs.rmSync(dir, { recursive: true, force: true })
})

function sluice(...args: string[]): { child: ChildProcess; said: () => string } {
  const child = spawn(process.execPath, ['--conditions=@sluice/source', MAIN, ...args], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, said: () => text }
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit')
  child.kill(signal)
  const [status] = (await exit) as [number | null]
  return status
}

async function until(what: () => boolean, else_: () => string): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!what()) {
    if (performance.now() > deadline) throw new Error(`it did not come about: ${else_()}`)
    await sleep(50)
  }
}

function properties(name: string, settings: Readonly<Record<string, string>>): string {
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  fs.writeFileSync(path.join(dir, name), `${text.join('\n')}\n`)
  return name
}

function linesOf(file: string): readonly string[] {
  const full = path.join(dir, file)
  return fs.existsSync(full) ? fs.readFileSync(full, 'utf8').split('\n').slice(0, -1) : []
}

where('a worker and a processor, started by hand', () => {
  test(
    'carry a file through Kafka into another; stop in order when told to; and go on where they were',
    async () => {
      const id = `commands-${process.pid}-${Date.now()}`
      const rows = (from: number, to: number): string =>
        Array.from({ length: to - from }, (_, i) => `${from + i},customer ${from + i}\n`).join('')
      fs.writeFileSync(path.join(dir, 'in.csv'), `id,name\n${rows(0, 300)},without a key\n`)
      const worker = properties('worker.properties', {
        'bootstrap.servers': broker!,
        'key.converter': 'StringConverter',
        'value.converter': 'JsonConverter',
        'value.converter.schemas.enable': 'false',
        'header.converter': 'StringConverter',
        'offset.storage.file.filename': 'positions',
        'offset.flush.interval.ms': '200',
        listeners: 'http://127.0.0.1:0',
      })
      const source = properties('source.properties', {
        name: `${id}-source`,
        'connector.class': 'file-source',
        file: 'in.csv',
        topic: `${id}.raw`,
        format: 'csv',
        'key.field': 'id',
        'topic.creation.default.partitions': '1',
      })
      const processor = properties('processor.properties', {
        'bootstrap.servers': broker!,
        'processor.class': '@sluice/processor-csv-rows',
        'application.id': `${id}-app`,
        'input.topic': `${id}.raw`,
        'output.topic': `${id}.clean`,
        'quarantine.topic': `${id}.quarantine`,
        'commit.interval.ms': '200',
        'processing.guarantee': 'exactly_once_v2',
        headings: '["id","name"]',
      })
      const sink = properties('sink.properties', {
        name: `${id}-sink`,
        'connector.class': 'file-sink',
        topics: `${id}.clean`,
        file: 'out.ndjson',
        format: 'ndjson',
      })

      const reading = sluice('connect-standalone', worker, source)
      // Positions are stored only behind what is durable: then the topic is there.
      await until(() => fs.existsSync(path.join(dir, 'positions')), reading.said)
      const processing = sluice('process', processor)
      await until(() => processing.said().includes('RUNNING'), processing.said)
      const writing = sluice('connect-standalone', worker, sink)
      await until(
        () => linesOf('out.ndjson').length === 300,
        () => writing.said() + processing.said(),
      )
      expect(linesOf('out.ndjson').map((line) => JSON.parse(line) as unknown)).toContainEqual({
        id: '7',
        name: 'customer 7',
      })

      fs.appendFileSync(path.join(dir, 'in.csv'), rows(300, 310))
      await until(
        () => linesOf('out.ndjson').length === 310,
        () => writing.said() + processing.said(),
      )
      expect(await stop(reading.child, 'SIGTERM')).toBe(0)
      expect(await stop(processing.child, 'SIGINT')).toBe(0)
      expect(await stop(writing.child, 'SIGTERM')).toBe(0)

      fs.appendFileSync(path.join(dir, 'in.csv'), rows(310, 320))
      const again = [sluice('connect-standalone', worker, source, sink), sluice('process', processor)]
      await until(
        () => linesOf('out.ndjson').length >= 320,
        () => again.map(({ said }) => said()).join('\n'),
      )
      for (const { child } of again) expect(await stop(child, 'SIGTERM')).toBe(0)
      const ids = linesOf('out.ndjson').map((line) => Number((JSON.parse(line) as { id: string }).id))
      expect(ids).toEqual(Array.from({ length: 320 }, (_, i) => i))

      const bounded = sluice('process', '--until-end', processor)
      expect(await once(bounded.child, 'exit')).toEqual([0, null])
    },
    3 * DEADLINE_MS,
  )

  test('schema-registry serves until it is stopped, and finds its schemas again', async () => {
    const topic = `schemas-${process.pid}-${Date.now()}`
    const serve = async (): Promise<{ child: ChildProcess; url: string }> => {
      const { child, said } = sluice('schema-registry', '--bootstrap', broker!, '--port', '0', '--topic', topic)
      await until(() => /^http:.*$/m.test(said()), said)
      return { child, url: /^http:.*$/m.exec(said())![0] }
    }
    const first = await serve()
    const registered = await fetch(`${first.url}/subjects/s/versions`, {
      method: 'POST',
      body: JSON.stringify({ schema: '"string"' }),
    })
    expect(await registered.json()).toEqual({ id: 1 })
    expect(await stop(first.child, 'SIGTERM')).toBe(0)
    const second = await serve()
    expect(await (await fetch(`${second.url}/schemas/ids/1`)).json()).toEqual({ schema: '"string"' })
    expect(await stop(second.child, 'SIGINT')).toBe(0)
  })

  test('schema-registry, killed while it is written to, knows what it has acknowledged, and gives no id out twice', async () => {
    const topic = `schemas-${process.pid}-${Date.now()}`
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < 2; round++) {
      const { child, said } = sluice('schema-registry', '--bootstrap', broker!, '--port', '0', '--topic', topic)
      await until(() => /^http:.*$/m.test(said()), said)
      const url = /^http:.*$/m.exec(said())![0]
      for (const [schema, id] of acknowledged) {
        expect(await (await fetch(`${url}/schemas/ids/${id}`)).json()).toEqual({ schema })
      }
      const exit = once(child, 'exit')
      let written = 0
      for (let i = 0; child.exitCode === null && child.signalCode === null; i++) {
        const schema = `{"type":"fixed","name":"F${round}_${i}","size":1}`
        const body = JSON.stringify({ schema })
        const answer = await fetch(`${url}/subjects/s${round}_${i}/versions`, { method: 'POST', body }).catch(
          () => null,
        )
        if (answer?.ok !== true) continue
        acknowledged.set(schema, ((await answer.json()) as { id: number }).id)
        // The next one is under way when it comes.
        if (++written === 20) setImmediate(() => child.kill('SIGKILL'))
      }
      await exit
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(40)
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size)
  }, 120_000)
})
