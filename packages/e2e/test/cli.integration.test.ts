/**
 * `sluice` as an operator uses it, on a worker of ours and on one of Apache Kafka: the same commands, the same words and exit statuses.
 * The commands run in this process; the workers in processes of their own.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { EXIT } from '@sluice/cli'
import { connect } from '@sluice/kafka'
import { type Run, sluiceCommand } from './support/sluice-command.ts'
import { ConnectWorkerProcess, type Runtime, until } from '../trials/connect/connect-worker.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (bootstrap === '') console.warn('SLUICE_TEST_KAFKA is not set: the commands are not tested on workers')
const missing = ['java', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
if (missing.length > 0)
  console.warn(`The commands are not tested on a worker of Apache Kafka: ${missing.join(', ')} is missing`)

/** A worker of Java takes its time to start. */
const START_MS = 150_000
const TEST_MS = 90_000
const COMMAND_MS = 60_000

describe.each<Runtime>(['sluice', 'java'])('on a worker of %s', (runtime) => {
  const isPossible = bootstrap !== '' && (runtime === 'sluice' || missing.length === 0)
  const where = isPossible ? test : test.skip
  const id = randomUUID().slice(0, 8)
  const topic = `cli-${runtime}-${id}`
  let dir: string
  let worker: ConnectWorkerProcess
  jest.setTimeout(TEST_MS)

  beforeAll(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cli-'))
    if (!isPossible) return
    worker = await ConnectWorkerProcess.start(runtime, { bootstrap, groupId: `cli-${runtime}-${id}`, folder: dir })
  }, START_MS)
  afterAll(async () => {
    await worker?.end('SIGTERM')
    fs.rmSync(dir, { recursive: true, force: true })
  }, START_MS)

  const sluice = (
    args: string,
    { server, ...options }: { stdin?: string; server?: string; signal?: AbortSignal } = {},
  ): Promise<Run> =>
    sluiceCommand(args.split(' '), {
      ...options,
      env: { SLUICE_CONNECT: server ?? worker.url, SLUICE_BOOTSTRAP: bootstrap },
    })

  const done = (out: string): Run => ({ status: 0, out, err: '' })
  const file = (name: string, text: string): string => {
    fs.writeFileSync(path.join(dir, name), text)
    return path.join(dir, name)
  }
  const sourceOf = (more = ''): string =>
    `name: lines\nconnector.class: org.apache.kafka.connect.file.FileStreamSourceConnector\nfile: ${dir}/in.txt\ntopic: ${topic}\n${more}`

  where('a connector is validated, created, waited for, seen, and the same again is unchanged', async () => {
    file('in.txt', 'one\ntwo\n')
    const lines = file('lines.yaml', sourceOf('tasks.max: 1\n'))
    expect(await sluice(`apply -f ${lines} --dry-run`)).toEqual(done('lines would be created (dry run)\n'))
    expect(await sluice(`diff -f ${lines}`)).toMatchObject({
      status: EXIT.differs,
      out: expect.stringMatching(/^lines \(new\)\n {2}\+ /),
    })
    expect(await sluice(`apply -f ${lines} --wait`)).toEqual(done('lines created\n'))
    expect(await sluice(`apply -f ${lines}`)).toEqual(done('lines unchanged\n'))
    expect(await sluice(`diff -f ${lines}`)).toEqual(done(''))
    expect((await sluice('get connectors')).out).toMatch(
      /^NAME +TYPE +STATE +TASKS +WORKER\nlines +source +RUNNING +1\/1 +127\.0\.0\.1:\d+\n$/,
    )
    expect(await sluice('get connectors -o name')).toEqual(done('lines\n'))
    expect(JSON.parse((await sluice('get tasks lines -o json')).out)).toMatchObject([
      { connector: 'lines', id: 0, state: 'RUNNING' },
    ])
  })

  where('what it reads is in the topic, and its position in the offsets', async () => {
    const isRead = async (): Promise<boolean> => (await sluice(`consume ${topic} --max 2`)).out === 'one\ntwo\n'
    await until('both lines are in the topic', isRead, COMMAND_MS, 500)
    await until(
      'the position is stored',
      async () => (await sluice('get offsets lines')).out.includes('{"position":8}'),
      COMMAND_MS,
      500,
    )
    expect(await sluice('get topics lines -o name')).toEqual(done(`${topic}\n`))
    const shown = await sluice('describe connector lines')
    expect(shown.status).toBe(0)
    for (const line of ['Name:      lines', 'State:     RUNNING', `  topic = ${topic}`, `Topics:    ${topic}`])
      expect(shown.out).toContain(`${line}\n`)
  })

  where('it is paused, resumed, stopped, put back to its beginning, and restarted', async () => {
    expect(await sluice('pause lines --wait')).toEqual(done('lines PAUSED\n'))
    expect(await sluice('resume lines --wait')).toEqual(done('lines RUNNING\n'))
    expect(await sluice('offsets reset lines')).toMatchObject({
      status: EXIT.invalid,
      err: expect.stringContaining('sluice stop NAME'),
    })
    expect(await sluice('stop lines --wait')).toEqual(done('lines STOPPED\n'))
    const offsets = (await sluice('offsets get lines -o yaml')).out
    expect(offsets).toContain('position: 8')
    const moved = await sluice('offsets set lines -f -', { stdin: offsets.replace('position: 8', 'position: 4') })
    expect(moved).toMatchObject({ status: 0, out: expect.stringContaining('altered successfully') })
    expect(await sluice('offsets get lines -o name')).toMatchObject({ status: 0 })
    expect((await sluice('get offsets lines')).out).toContain('{"position":4}')
    expect(await sluice('offsets reset lines')).toMatchObject({
      status: 0,
      out: expect.stringContaining('reset successfully'),
    })
    expect(await sluice('resume lines --wait -q')).toEqual(done('lines RUNNING\n'))
    expect(await sluice('restart lines --include-tasks --wait')).toEqual(done('lines restarted\n'))
    expect(await sluice('restart-task lines 0')).toEqual(done('lines/0 restarted\n'))
    const isAgain = async (): Promise<boolean> =>
      (await sluice(`consume ${topic}`)).out.endsWith('one\ntwo\none\ntwo\n')
    await until('all is read once more', isAgain, COMMAND_MS, 500)
  })

  where('secrets are not shown, nor stored when they were not', async () => {
    const secret = 'org.apache.kafka.common.security.plain.PlainLoginModule required password="hunter2";'
    const lines = file('secret.yaml', sourceOf(`producer.override.sasl.jaas.config: ${JSON.stringify(secret)}\n`))
    expect((await sluice(`diff -f ${lines}`)).out).toContain('+ producer.override.sasl.jaas.config=[hidden]\n')
    expect(await sluice(`apply -f ${lines} --wait`)).toEqual(done('lines updated\n'))
    for (const command of ['describe connector lines', 'get connector lines -o yaml', 'get connector lines -o json']) {
      const { out } = await sluice(command)
      expect(out).toContain('[hidden]')
      expect(out).not.toContain('hunter2')
    }
    const exported = await sluice('get connector lines -o yaml')
    expect(await sluice('apply -f -', { stdin: exported.out })).toMatchObject({
      status: EXIT.invalid,
      err: expect.stringContaining('--show-secrets'),
    })
    const whole = await sluice('get connector lines -o yaml --show-secrets')
    expect(whole.out).toContain('hunter2')
    expect(await sluice('apply -f -', { stdin: whole.out })).toEqual(done('lines unchanged\n'))
  })

  where('what is wrong is told with its exit status, and of many, each that can be is done', async () => {
    const bad = file(
      'bad.json',
      JSON.stringify({ name: 'bad', 'connector.class': 'FileStreamSink', 'tasks.max': 'x', topics: topic }),
    )
    expect(await sluice(`validate -f ${bad}`)).toMatchObject({
      status: EXIT.invalid,
      out: expect.stringMatching(/^bad +tasks\.max +Invalid value x/m),
    })
    expect(await sluice(`apply -f ${bad}`)).toMatchObject({
      status: EXIT.invalid,
      err: expect.stringContaining('sluice validate -f FILE'),
    })
    const unknown = '{"name":"n","connector.class":"NoSuchThing"}'
    for (const command of ['validate -f -', 'apply -f - --dry-run', 'apply -f -'])
      expect(await sluice(command, { stdin: unknown })).toMatchObject({ status: EXIT.invalid })
    for (const command of [
      'get connector none',
      'describe connector none',
      'restart none',
      'stop none',
      'delete none',
      'restart-task lines 9',
      'plugins none',
      'get offsets none',
    ])
      expect([command, (await sluice(command)).status]).toEqual([command, EXIT.unknown])
    expect(await sluice('restart none lines')).toMatchObject({
      status: EXIT.unknown,
      out: 'lines restarted\n',
      err: expect.stringContaining('none'),
    })
    expect(await sluice('stop lines --wait=PAUSED --timeout 1s')).toMatchObject({
      status: EXIT.late,
      err: expect.stringContaining('is not PAUSED after 1000 ms'),
    })
    expect(await sluice('get connectors --wach')).toMatchObject({
      status: EXIT.usage,
      err: expect.stringContaining('did you mean --watch?'),
    })
    expect(await sluice('health', { server: `http://${bootstrap}` })).toMatchObject({ status: EXIT.unreachable })
    expect(await sluice(`consume nothing-${id}`)).toMatchObject({ status: EXIT.unknown })
  })

  where('a task that fails is told while it is waited for, with the reason', async () => {
    const failing = file(
      'failing.properties',
      `connector.class=FileStreamSink\ntopics=${topic}\nfile=${dir}/no/such/folder/out.txt\n`,
    )
    const { status, out, err } = await sluice(`apply -f ${failing} --wait`)
    expect({ status, out }).toEqual({ status: EXIT.failed, out: 'failing created\n' })
    expect(err).toMatch(/^failing has failed: .+\n {2}What to do: sluice describe connector failing/)
    expect((await sluice('get connectors')).out).toMatch(/^failing +sink +\w+ +0\/1/m)
    expect((await sluice('describe connector failing')).out).toMatch(/ {2}0 {2}FAILED/)
    expect(await sluice('delete failing --wait')).toEqual(done('failing deleted\n'))
    expect(await sluice('delete failing --ignore-not-found')).toEqual(done(''))
  })

  where('plugins, levels of loggers and health are shown', async () => {
    expect((await sluice('get plugins')).out).toMatch(
      /^org\.apache\.kafka\.connect\.file\.FileStreamSinkConnector +sink +\S+$/m,
    )
    expect((await sluice('plugins --type predicate -o name')).out).toContain('RecordIsTombstone\n')
    expect((await sluice('plugins FileStreamSink')).out).toMatch(/^topics +LIST/m)
    expect(await sluice('logs level set root WARN --cluster')).toEqual(done('root will be WARN on all workers\n'))
    const isSet = async (): Promise<boolean> => /^root +WARN/m.test((await sluice('logs level get root')).out)
    await until('the level is set', isSet, COMMAND_MS, 200)
    const health = await sluice('health -o json')
    expect(JSON.parse(health.out)).toMatchObject({ status: 'healthy', connectors: { STOPPED: 1 }, tasks: {} })
    expect(health.status).toBe(0)
  })

  where('what is in no file is deleted by apply --prune, when it has the prefix and that is meant', async () => {
    const surplus = file('surplus.yaml', sourceOf().replace('name: lines', 'name: prune-me'))
    expect(await sluice(`apply -f ${surplus} --wait`)).toEqual(done('prune-me created\n'))
    const empty = file('kept.yaml', sourceOf().replace('name: lines', 'name: prune-not'))
    expect(await sluice(`apply -f ${empty} --prune --prefix prune-`)).toMatchObject({
      status: EXIT.usage,
      err: expect.stringContaining('would delete prune-me; nothing was done'),
    })
    expect(await sluice(`diff -f ${empty} --prune --prefix prune-`)).toMatchObject({
      status: EXIT.differs,
      out: expect.stringContaining('prune-me (in no file)\n  - connector.class='),
    })
    expect(await sluice(`apply -f ${empty} --prune --prefix prune- --yes --wait`)).toEqual(
      done('prune-not created\nprune-me deleted\n'),
    )
    expect(await sluice('wait prune-not --for state=RUNNING')).toEqual(done('prune-not RUNNING\n'))
    expect(await sluice('wait prune-me --for delete')).toEqual(done('prune-me DELETED\n'))
    expect(await sluice('delete prune-not --wait')).toEqual(done('prune-not deleted\n'))
    expect((await sluice('get connectors -o name')).out).toBe('lines\n')
  })

  where('--watch prints what changes, until it is interrupted', async () => {
    const interrupt = new AbortController()
    const watching = sluice('get connectors --watch --interval 200ms', { signal: interrupt.signal })
    await sluice('resume lines --wait')
    await new Promise((resolve) => void setTimeout(resolve, 1500))
    interrupt.abort()
    const { status, out } = await watching
    expect(status).toBe(0)
    expect(out).toMatch(/^NAME .*\nlines +source +STOPPED +0\/0 .*\n/)
    expect(out).toMatch(/\nlines +source +RUNNING +1\/1 .*\n$/)
  })
})

const onBroker = bootstrap === '' ? describe.skip : describe
onBroker('topics', () => {
  const topic = `cli-topics-${randomUUID().slice(0, 8)}`

  const sluice = (args: readonly string[], stdin = '', signal?: AbortSignal): Promise<Run> =>
    sluiceCommand(args, { stdin, env: { SLUICE_BOOTSTRAP: bootstrap }, ...(signal !== undefined && { signal }) })

  beforeAll(async () => {
    const kafka = await connect({ bootstrapServers: bootstrap })
    await kafka.admin.ensureTopics([
      { topic, partitions: 2, configs: { 'retention.ms': '86400000' } },
      { topic: `${topic}-copy`, partitions: 2 },
    ])
    await kafka.close()
  })

  test('records are written from arguments, lines and JSON, and a copy by a pipe is the same', async () => {
    expect(
      await sluice(['produce', topic, '--value', 'v', '--key', 'k', '-H', 'a=1', '-H', 'b=', '-p', '1']),
    ).toMatchObject({ status: 0, err: '1 record written\n' })
    expect(await sluice(['produce', topic, '--key-separator', '=', '-p', '0', '-q'], 'a=1\nb=2=3\n')).toEqual({
      status: 0,
      out: '',
      err: '',
    })
    const json =
      '{"key":null,"value":{"n":12345678901234567890},"partition":0,"timestamp":1700000000000}\n{"key":{"base64":"/w=="},"value":null,"partition":0}\n'
    expect(await sluice(['produce', topic, '--input', 'json'], json)).toMatchObject({
      status: 0,
      err: '2 records written\n',
    })
    expect((await sluice(['consume', topic, '-p', '0', '-k'])).out).toBe(
      'a\t1\nb\t2=3\n(null)\t{"n":12345678901234567890}\n(base64) /w==\t(null)\n',
    )
    const all = (await sluice(['consume', topic, '-o', 'json'])).out
    expect(all).toContain('"key":"k","value":"v","headers":[{"key":"a","value":"1"},{"key":"b","value":""}]')
    expect(await sluice(['produce', `${topic}-copy`, '--input', 'json'], all)).toMatchObject({
      status: 0,
      err: '5 records written\n',
    })
    const copied = (await sluice(['consume', `${topic}-copy`, '-o', 'json'])).out.replaceAll(`${topic}-copy`, topic)
    expect(copied.split('\n').toSorted()).toEqual(all.split('\n').toSorted())
  })

  test('reading begins where it is told to, and ends after so many', async () => {
    const values = async (...args: string[]): Promise<string> =>
      (await sluice(['consume', topic, '-p', '0', ...args])).out
    expect(await values('--from', '1', '--max', '1')).toBe('2=3\n')
    expect(await values('--from', '999')).toBe('')
    expect(await values('--from', 'end')).toBe('')
    expect(await values('--from', '2100-01-01')).toBe('')
    expect((await values('--from', '-1h')).startsWith('1\n2=3\n')).toBe(true)
    expect(await values('--max', '0')).toBe('')
    expect(await values('-n', '1', '--value-format', 'hex')).toBe('31\n')
  })

  test('--follow waits for more, until it is interrupted', async () => {
    const interrupt = new AbortController()
    const following = sluice(['consume', topic, '-f', '--from', 'end', '-n', '1'], '', interrupt.signal)
    const { status } = await sluice(['produce', topic, '-v', 'late', '-p', '1'])
    expect(status).toBe(0)
    // What was produced before it had looked where the end is it does not show.
    const again = setInterval(() => void sluice(['produce', topic, '-v', 'late', '-p', '1']), 1000)
    expect(await following).toMatchObject({ status: 0, out: 'late\n' })
    clearInterval(again)
    const idle = sluice(['consume', topic, '-f', '--from', 'end'], '', interrupt.signal)
    interrupt.abort()
    expect(await idle).toMatchObject({ status: 0 })
  })

  test('lines that come by and by are written as they come, until it is interrupted', async () => {
    const copy = `${topic}-slowly`
    await sluice(['topics', 'create', copy, '--partitions', '1'])
    // Another line never comes.
    const stdin = new Readable({ read: () => undefined })
    stdin.push('first\n')
    const interrupt = new AbortController()
    const producing = sluiceCommand(['produce', copy], {
      stdin,
      env: { SLUICE_BOOTSTRAP: bootstrap },
      signal: interrupt.signal,
    })
    const isWritten = async (): Promise<boolean> => (await sluice(['consume', copy])).out === 'first\n'
    await until('the line is in the topic', isWritten, COMMAND_MS, 100)
    interrupt.abort()
    expect(await producing).toMatchObject({
      status: EXIT.interrupted,
      err: expect.stringMatching(/^1 record written\nInterrupted: 1 records are written/),
    })
  })

  test('what is wrong is told with its line, and what was before it is written', async () => {
    const run = await sluice(['produce', topic, '--input', 'json', '-p', '1'], '{"value":"good"}\n{"valu":1}\n')
    expect(run).toMatchObject({
      status: EXIT.failed,
      err: expect.stringMatching(/^1 record written\n.*has no value \(line=2\)/),
    })
    for (const args of [
      ['consume', topic, '-p', '2'],
      ['produce', topic, '-p', '2', '-v', 'x'],
      ['topics', 'describe', `${topic}-none`],
      ['produce', `${topic}-none`, '-v', 'x'],
    ])
      expect([args, (await sluice(args)).status]).toEqual([args, EXIT.unknown])
    expect(await sluice(['consume', topic, '-b', '127.0.0.1:1', '--timeout', '1s'])).toMatchObject({
      status: EXIT.unreachable,
    })
    expect(await sluice(['produce', topic, '-H', 'none', '-v', 'x'])).toMatchObject({ status: EXIT.usage })
  })

  test('topics are made and deleted, when that is meant', async () => {
    const made = `${topic}-made`
    expect(await sluice(['topics', 'create', made, '--partitions', '3', '--config', 'cleanup.policy=compact'])).toEqual(
      { status: 0, out: `${made} created\n`, err: '' },
    )
    expect((await sluice(['topics', 'describe', made])).out).toMatch(/\n2 [^]*\ncleanup\.policy=compact\n$/)
    expect((await sluice(['topics', 'create', made])).status).toBe(EXIT.failed)
    expect((await sluice(['topics', 'create', `${made}-2`, '--config', 'oops'])).status).toBe(EXIT.usage)
    expect(await sluice(['topics', 'delete', made])).toMatchObject({
      status: EXIT.usage,
      err: expect.stringContaining('nothing was done'),
    })
    expect(await sluice(['topics', 'delete', made, `${made}-none`, '--yes'])).toMatchObject({
      status: EXIT.unknown,
      out: `${made} deleted\n`,
      err: expect.stringContaining(`There is no topic ${made}-none`),
    })
    expect((await sluice(['topics', 'describe', made])).status).toBe(EXIT.unknown)
  })

  test('topics are listed and described', async () => {
    expect((await sluice(['topics', 'list'])).out).toMatch(new RegExp(`^${topic}-copy +2 +5$`, 'm'))
    const { out } = await sluice(['topics', 'describe', topic])
    expect(out).toMatch(/^PARTITION +FIRST +END +LEADER +REPLICAS +IN SYNC\n0 +0 +4 /)
    expect(out).toContain('retention.ms=86400000\n')
    expect(JSON.parse((await sluice(['topics', 'describe', topic, '-o', 'json'])).out)).toMatchObject({
      topic,
      partitions: [{ partition: 0, first: 0, end: 4 }, { partition: 1 }],
    })
  })
})
