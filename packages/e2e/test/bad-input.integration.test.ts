/**
 * Bad input, end to end, by the same code as the quickstart: a CSV file → the file source → a processor → the lake sink. What cannot go
 * on is in quarantine with its own bytes and a reason, or the run stops with an error that says where and what to do; and everything
 * that was read is accounted for, as counted from topics and positions.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import {
  loadProcessor,
  LakeTable,
  planFor,
  runFlow,
  summarise,
  type QuickstartPlan,
  type QuickstartSummary,
} from '@sluice/cli'
import { connect, total, type Kafka } from '@sluice/kafka'
import { readQuarantineHeaders, type QuarantineEnvelope } from '@sluice/quality'
import { MemoryMetrics, silentLogger } from '@sluice/sdk'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: the tests of bad input are skipped')
const onBroker = address === '' ? describe.skip : describe

const RUN_MS = 20_000
const TEST_MS = 50_000

interface Letter {
  readonly bytes: Buffer
  readonly envelope: QuarantineEnvelope
}

interface Outcome {
  readonly summary: QuickstartSummary
  readonly letters: readonly Letter[]
}

onBroker('bad input', () => {
  // A run takes some two seconds, and a test has two at most; one that cannot end must fail by itself.
  jest.setTimeout(TEST_MS)

  let kafka: Kafka
  let dir: string
  beforeAll(async () => {
    kafka = await connect({ bootstrapServers: address })
  })
  afterAll(() => kafka.close())
  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bad-input-'))
  })
  afterEach(() => fs.rmSync(dir, { recursive: true }))

  /** A file of its own name, and so a data set of its own. */
  function fileOf(content: string | Buffer): string {
    const file = path.join(dir, `bad_input_${randomUUID().slice(0, 8)}.csv`)
    fs.writeFileSync(file, content)
    return file
  }

  /** The bird strikes, from another file and under a name of their own. */
  async function strikesPlan(file: string): Promise<QuickstartPlan> {
    const { plan } = await planFor(dir, file, undefined)
    const name = `bird_strikes_${randomUUID().slice(0, 8)}`
    return JSON.parse(JSON.stringify(plan).replaceAll('bird_strikes', name)) as QuickstartPlan
  }

  async function flow(plan: QuickstartPlan): Promise<QuickstartSummary> {
    const position = await runFlow({
      plan,
      broker: address,
      processor: await loadProcessor(plan.processor.module),
      logger: silentLogger,
      metrics: new MemoryMetrics(),
      show: () => undefined,
      signal: AbortSignal.timeout(RUN_MS),
    })
    const table = await LakeTable.open(plan.table)
    return summarise(kafka, plan, position, await table.summary())
  }

  /** Runs it to the end, and checks that everything is accounted for. */
  async function run(plan: QuickstartPlan): Promise<Outcome> {
    const summary = await flow(plan)
    const { read, judged, topics, table } = summary
    expect(summary.equations.filter(({ holds }) => !holds)).toEqual([])
    // in = passed + quarantined + dropped: from the source's position, the topics, and the counts committed with the offsets.
    expect(read.records + read.diverted).toBe(topics.clean + topics.quarantine + total(judged.dropped))
    expect(table.rows).toBe(topics.clean)
    const letters = await lettersOf(plan.topics.quarantine)
    expect(letters).toHaveLength(topics.quarantine)
    return { summary, letters }
  }

  async function lettersOf(topic: string): Promise<readonly Letter[]> {
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition }))
    const ends = await kafka.admin.listOffsets(partitions, 'latest')
    const fetcher = kafka.fetcher({ maxWaitMs: 50 })
    const letters: Letter[] = []
    try {
      fetcher.assign(partitions.map((at) => ({ ...at, offset: 0 })))
      while (ends.some((end) => fetcher.position(end)! < end.offset)) {
        for (const { batches } of await fetcher.poll(1000)) {
          for (const batch of batches) {
            for (let i = 0; i < batch.count; i++)
              letters.push({ bytes: Buffer.from(batch.value(i)!), envelope: readQuarantineHeaders(batch.headers(i))! })
          }
        }
      }
    } finally {
      await fetcher.close()
    }
    return letters
  }

  /** What stops a run, as a person reads it. */
  async function stopped(plan: QuickstartPlan): Promise<string> {
    return flow(plan).then(
      () => 'it went through',
      (error: unknown) => String((error as { message?: unknown }).message),
    )
  }

  describe('lines that are no rows are diverted by the source', () => {
    test.each<[string, Buffer, string, number]>([
      ['a quote in a cell that is not quoted', Buffer.from('7,the "old" one,x'), 'csv-quote-misplaced', 7],
      ['something behind a closing quote', Buffer.from('7,"the old" one,x'), 'csv-after-quote', 12],
      ['a quote that is never closed', Buffer.from('7,"the old one,x'), 'csv-quote-unclosed', 3],
      ['too few cells', Buffer.from('7,two'), 'csv-row-width', 6],
      ['too many cells', Buffer.from('7,a,b,c'), 'csv-row-width', 8],
      ['bytes that are not UTF-8', Buffer.from([0x37, 0x2c, 0x61, 0xff, 0xfe, 0x2c, 0x62]), 'invalid-utf8', 4],
      ['a line of 1 MiB that is not UTF-8', Buffer.alloc(1_048_576, 0xff), 'invalid-utf8', 1],
    ])('%s', async (_, bad, code, column) => {
      const good = ['1,one,x', '2,two,y', '3,three,z'].map((line) => Buffer.from(`${line}\n`))
      const file = fileOf(
        Buffer.concat([Buffer.from('id,name,note\n'), good[0]!, bad, Buffer.from('\n'), good[1]!, good[2]!]),
      )
      const { plan } = await planFor(dir, file, 'id')
      const { summary, letters } = await run(plan)
      expect(summary.read).toEqual({ lines: 5, records: 3, diverted: 1, skipped: 1 })
      expect(summary.judged).toMatchObject({ in: 3, passed: 3, quarantined: {}, dropped: {} })
      expect(letters).toHaveLength(1)
      expect(Buffer.compare(letters[0]!.bytes, bad)).toBe(0)
      expect(letters[0]!.envelope).toMatchObject({
        stage: 'poll',
        flow: plan.source['name'],
        reasons: [{ code, place: { file, line: 3, column }, expected: expect.any(String) as unknown }],
      })
    })
  })

  test('a row without its key is quarantined by the processor, as the record that it was', async () => {
    const file = fileOf('id,name\n1,one\n,two\n')
    const { plan } = await planFor(dir, file, 'id')
    const { summary, letters } = await run(plan)
    expect(summary.judged).toMatchObject({ in: 2, passed: 1, quarantined: { key_present: 1 } })
    expect(letters.map(({ bytes }) => bytes.toString())).toEqual(['{"id":"","name":"two"}'])
    expect(letters[0]!.envelope).toMatchObject({
      stage: 'judge',
      origin: { topic: plan.topics.raw },
      reasons: [{ check: 'key_present' }],
    })
  })

  describe('cells that are no values of their column are quarantined by the processor', () => {
    test.each<[string, string, string, string, string]>([
      ['a number beyond 32 bits', 'Speed IAS in knots', '99999999999', 'process', 'Speed IAS in knots'],
      ['a number that is none', 'Speed IAS in knots', '12O', 'process', 'Speed IAS in knots'],
      ['a number that no aircraft flies', 'Speed IAS in knots', '70000', 'judge', 'speed_possible'],
      ['a decimal with too many digits before the point', 'Cost Total $', '12345678901', 'process', 'Cost Total $'],
      ['a decimal with too many digits behind it', 'Cost Repair', '1.005', 'process', 'Cost Repair'],
      ['a day that the calendar does not have', 'Flight Date', '1999-02-30', 'process', 'Flight Date'],
      ['a date that is none', 'Flight Date', 'last summer', 'process', 'Flight Date'],
      ['a date that is yet to come', 'Flight Date', '9999-01-01', 'judge', 'date_not_future'],
    ])('%s', async (_, column, cell, stage, reason) => {
      const file = fileOf(
        `${[Object.keys(STRIKE), Object.values(STRIKE), Object.values({ ...STRIKE, [column]: cell })].map((cells) => cells.join(',')).join('\n')}\n`,
      )
      const plan = await strikesPlan(file)
      const { summary, letters } = await run(plan)
      expect(summary.judged).toMatchObject({
        in: 2,
        passed: 1,
        quarantined: { [stage === 'process' ? `process:${reason}` : reason]: 1 },
      })
      const [letter] = letters
      // The bytes of the raw topic: the line as the source wrote it there.
      expect(JSON.parse(letter!.bytes.toString())).toEqual({ ...STRIKE, [column]: cell })
      expect(letter!.envelope).toMatchObject({
        stage,
        flow: plan.processor.application,
        origin: { topic: plan.topics.raw, offset: 1 },
      })
      const found =
        stage === 'process'
          ? { message: expect.stringContaining(cell) as unknown, place: { field: reason } }
          : { check: reason, actual: expect.any(String) as unknown }
      expect(letter!.envelope.reasons).toContainEqual(expect.objectContaining(found))
    })
  })

  describe('files with nothing to read', () => {
    test.each([
      ['a header and no rows', 'id,name\n'],
      ['a header without a line end', 'id,name'],
      ['a header and blank lines', 'id,name\n\n\r\n\n'],
    ])('%s: the run ends, with nothing in and nothing out', async (_, content) => {
      const { plan } = await planFor(dir, fileOf(content), 'id')
      const { summary } = await run(plan)
      expect(summary).toMatchObject({
        judged: { in: 0 },
        topics: { raw: 0, clean: 0, quarantine: 0 },
        table: { rows: 0 },
      })
    })

    test('only bad lines: all of them are in quarantine, and the run ends', async () => {
      const { plan } = await planFor(dir, fileOf('id,name\n1\n2,a,b\n'), 'id')
      const { summary, letters } = await run(plan)
      expect(summary.read).toEqual({ lines: 3, records: 0, diverted: 2, skipped: 1 })
      expect(letters.map(({ bytes }) => bytes.toString())).toEqual(['1', '2,a,b'])
    })

    test('an empty file: a data set with known columns is empty; one without columns says so', async () => {
      const file = fileOf('')
      await expect(planFor(dir, file, 'id')).rejects.toMatchObject({
        code: 'DATA_INVALID',
        message: expect.stringMatching(/no header: it is empty/) as unknown,
        place: { file, line: 1 },
        remedy: expect.any(String) as unknown,
      })
      expect((await run(await strikesPlan(file))).summary).toMatchObject({ judged: { in: 0 }, table: { rows: 0 } })
    })
  })

  describe('what is no file stops the run', () => {
    test.each<[string, () => string, RegExp]>([
      ['a missing file', () => path.join(dir, 'nowhere.csv'), /not there \(file=.*nowhere\.csv/],
      ['a directory', () => dir, /Not a file \(file=/],
    ])('%s, before it begins and while it runs', async (_, file, said) => {
      await expect(planFor(dir, file(), 'id')).rejects.toMatchObject({
        code: 'SOURCE_UNAVAILABLE',
        message: expect.stringMatching(said) as unknown,
        remedy: expect.any(String) as unknown,
      })
      const message = await stopped(await strikesPlan(file()))
      expect(message).toMatch(/^The connector bird_strikes_\w+-source failed: /)
      expect(message).toMatch(said)
      expect(message).toMatch(/What to do: Set file|What to do: Correct the setting file/)
    })
  })

  describe('a line of 50 MB', () => {
    const LARGE = 50_000_000

    test('stops the run with file, line, column and remedy; what was before it has arrived, what is behind it has not', async () => {
      const file = fileOf(
        Buffer.concat([Buffer.from('id,name\n1,one\n2,'), Buffer.alloc(LARGE, 'x'), Buffer.from('\n3,three\n')]),
      )
      const { plan } = await planFor(dir, file, 'id')
      const message = await stopped(plan)
      expect(message).toMatch(
        /The line is longer than line\.bytes\.max \(1048576\) bytes \(file=.*\.csv, line=3, column=1048577\)/,
      )
      expect(message).toMatch(/What to do: Raise line\.bytes\.max/)
      const ends = await kafka.admin.listOffsets(
        [0, 1, 2].map((partition) => ({ topic: plan.topics.raw, partition })),
        'latest',
      )
      expect(ends.reduce((sum, { offset }) => sum + offset, 0)).toBe(1)
      // Once it is out of the file's way, the next run goes on behind what is there; nothing is twice.
      fs.writeFileSync(file, 'id,name\n1,one\n2,small\n3,three\n')
      const { summary } = await run(plan)
      expect(summary).toMatchObject({
        read: { lines: 4, records: 3 },
        judged: { in: 3, passed: 3 },
        topics: { raw: 3 },
      })
    })

    test('as the header is told before anything begins', async () => {
      const file = fileOf(Buffer.alloc(LARGE, 'x'))
      await expect(planFor(dir, file, 'id')).rejects.toMatchObject({
        code: 'DATA_INVALID',
        message: expect.stringContaining('longer than line.bytes.max') as unknown,
        place: { file, line: 1 },
      })
    })
  })

  test('a row that fits into its line but, as a record, not into its topic is in quarantine, and counted', async () => {
    const file = fileOf(`id,name\n1,one\n2,${'x'.repeat(1_048_570)}\n3,three\n`)
    const { plan } = await planFor(dir, file, 'id')
    const { summary, letters } = await run(plan)
    expect(summary.read).toMatchObject({ records: 3, diverted: 0 })
    expect(summary.topics).toEqual({ raw: 2, clean: 2, quarantine: 1 })
    expect(letters[0]!.envelope).toMatchObject({ stage: 'produce', reasons: [{ code: 'RECORD_TOO_LARGE' }] })
  })
})

/** One strike with which nothing is wrong. */
const STRIKE = {
  'Airport Name': 'BARKSDALE AIR FORCE BASE ARPT',
  'Aircraft Make Model': 'T-38A',
  'Effect Amount of damage': 'None',
  'Flight Date': '1990-01-08',
  'Aircraft Airline Operator': 'MILITARY',
  'Origin State': 'Louisiana',
  'Phase of flight': 'Climb',
  'Wildlife Size': 'Large',
  'Wildlife Species': 'Turkey vulture',
  'Time of day': 'Day',
  'Cost Other': '0',
  'Cost Repair': '0',
  'Cost Total $': '0',
  'Speed IAS in knots': '200',
}
