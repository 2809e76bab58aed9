/** `sluice processors` as an operator uses it, on a worker in a process of its own with the bundled processors. */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { EXIT } from '@sluice/cli'
import { connect, type Kafka } from '@sluice/kafka'
import { ConnectWorkerProcess, until } from '../trials/connect/connect-worker.ts'
import { type Run, sluiceCommand } from './support/sluice-command.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (bootstrap === '') console.warn('SLUICE_TEST_KAFKA is not set: the commands are not tested on workers')
const where = bootstrap === '' ? describe.skip : describe

const START_MS = 150_000
jest.setTimeout(240_000)

where('sluice processors', () => {
  const id = randomUUID().slice(0, 8)
  const [input, output] = [`cli-in-${id}`, `cli-out-${id}`]
  let dir: string
  let worker: ConnectWorkerProcess
  let kafka: Kafka

  beforeAll(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cli-'))
    kafka = await connect({ bootstrapServers: bootstrap })
    await kafka.admin.ensureTopics([{ topic: input, partitions: 2, configs: {} }])
    worker = await ConnectWorkerProcess.start('sluice', { bootstrap, groupId: `cli-${id}`, folder: dir })
  }, START_MS)
  afterAll(async () => {
    await worker?.end('SIGTERM')
    await kafka.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }, START_MS)

  const sluice = (args: string): Promise<Run> =>
    sluiceCommand(['processors', ...args.split(' ')], { env: { SLUICE_CONNECT: worker.url } })
  const file = (name: string, settings: Readonly<Record<string, string>>): string => {
    const text = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
    fs.writeFileSync(path.join(dir, name), text.join(''))
    return path.join(dir, name)
  }
  const rows = (more: Readonly<Record<string, string>> = {}): string =>
    file('rows.properties', {
      name: 'rows',
      'processor.class': 'csv-rows',
      'input.topic': input,
      'output.topic': output,
      'quarantine.topic': `${output}.quarantine`,
      headings: '["id","town"]',
      'commit.interval.ms': '200',
      ...more,
    })
  const records = async (): Promise<number> => {
    const found = await kafka.admin.listOffsets(
      [0, 1].map((partition) => ({ topic: output, partition })),
      'latest',
    )
    return found.reduce((sum, { offset }) => sum + offset, 0)
  }

  test('what is wrong is shown by validate and by create, and nothing is deployed', async () => {
    const wrong = rows({ headings: 'none', instances: 'many' })
    expect(await sluice(`validate -f ${wrong}`)).toMatchObject({
      status: EXIT.invalid,
      out: expect.stringMatching(/^PROCESSOR +SETTING +ERROR\nrows +instances +Invalid value many/),
    })
    expect(await sluice(`create -f ${wrong}`)).toMatchObject({ status: EXIT.invalid })
    expect(await sluice('list -o name')).toEqual({ status: 0, out: '', err: '' })
    const nothing = file('no.properties', { name: 'x' })
    expect((await sluice(`create -f ${nothing}`)).err).toMatch(/processor x has no processor.class/)
  })

  test('deployed, seen, changed, paused, resumed, restarted and deleted', async () => {
    expect((await sluice('plugins -o name')).out).toMatch(/^csv-rows$/m)
    expect(await sluice(`validate -f ${rows()}`)).toMatchObject({ status: 0, err: 'rows is valid\n' })
    expect(await sluice(`create -f ${rows()} --wait`)).toMatchObject({
      status: 0,
      out: 'rows deployed: 1, version 1\n',
    })
    expect((await sluice(`create -f ${rows()}`)).err).toMatch(/Processor rows already exists/)
    await until('it has its tasks', async () => (await sluice('status rows')).out.includes('0_0,0_1'), 60_000)
    expect((await sluice('status rows')).out).toMatch(
      /^WORKER +INSTANCE +STATE +TASKS +DEPLOYMENT +ERROR\n127\S+ +0 +RUNNING +0_0,0_1 +1 +-\n$/,
    )
    expect((await sluice('list')).out).toMatch(/^NAME +STATE +INSTANCES +TASKS +VERSION\nrows +RUNNING +1\/1 +2 +1\n$/)
    const producer = kafka.producer()
    const record = (key: string, value: string) => ({
      topic: input,
      partition: null,
      key: Buffer.from(key),
      value: Buffer.from(value),
      timestamp: null,
      headers: null,
    })
    await producer.produce([record('1', '{"id":"1","town":"Bonn"}'), record('2', '{"id":"2","town":"Kiel"}')])
    await producer.close()
    await until('both rows are out', async () => (await records()) === 2, 60_000)
    expect((await sluice('topology rows')).out).toMatch(/^Topologies:\n/)
    expect(JSON.parse((await sluice('topology rows --format json')).out)).toHaveProperty('subtopologies')
    await until('its log is told', async () => (await sluice('logs rows')).out.includes('INFO '), 60_000)
    expect((await sluice('logs rows')).out).toMatch(/^\S+Z INFO 127\S+\/0 State is RUNNING$/m)

    expect(await sluice('pause rows --wait')).toMatchObject({ status: 0, out: 'rows PAUSED\n' })
    expect(await sluice('resume rows --wait')).toMatchObject({ status: 0, out: 'rows RUNNING\n' })
    expect(await sluice('restart rows --wait')).toMatchObject({ status: 0, out: 'rows RUNNING\n' })
    expect(await sluice(`apply -f ${rows({ unique: 'true' })} --wait`)).toMatchObject({
      status: 0,
      out: 'rows deployed: 2, version 1\n',
    })
    expect((await sluice('versions rows')).out).toMatch(/\n2 \* +1 +\S+Z +127\S+\n1 +1 +\S+Z +-\n$/)

    expect(await sluice('delete rows --wait')).toMatchObject({ status: 0, out: 'rows deleted\n' })
    expect(await sluice('status rows')).toMatchObject({
      status: EXIT.unknown,
      err: expect.stringMatching(/Processor rows not found[^]*sluice processors list/),
    })
    expect(await sluice('delete rows --ignore-not-found')).toMatchObject({ status: 0 })
  })
})
