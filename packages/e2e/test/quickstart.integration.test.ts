/** The quickstart from outside: its exit status, its files, its table, counted by others than its own code. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { S3TestServer } from '@sluice/object-store/testing'
import { countStrikes, type Strike } from './support/bird-strike-lines.ts'
import { ask, filesOf, logOf } from './support/delta-folder.ts'
import { processesMarked } from './support/marked-processes.ts'
import { leftBehind, QuickstartRun, runToTheEnd, summaryOf } from './support/quickstart-run.ts'

const TEST_MS = 70_000
/** In which cells whose supervisor was killed have noticed. */
const CELLS_END_MS = 5_000
/** After which a consumer that was killed is put out of its group: whoever has to wait for that takes longer. */
const SESSION_MS = 45_000

let base: string
beforeAll(() => {
  base = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-quickstart-'))
})
afterAll(() => fs.rmSync(base, { recursive: true, force: true }))

function tableIn(dir: string, name = 'bird_strikes'): string {
  return path.join(dir, 'lake', name)
}

describe('the quickstart', () => {
  const strikes = countStrikes()
  let dir: string
  let output: string
  let errors: string

  beforeAll(async () => {
    dir = path.join(base, 'strikes')
    ;({ output, errors } = await runToTheEnd(dir))
  }, TEST_MS)

  test('counts what the file holds: read, passed, marked, quarantined and dropped', () => {
    const { read, judged, topics, table } = summaryOf(dir)
    expect(read).toEqual({ lines: 10_001, records: 10_000, diverted: 0, skipped: 1 })
    expect(judged).toEqual({
      in: 10_000,
      passed: 9_934,
      marked: 3_572,
      quarantined: { damage_code: 15, repair_without_damage: 27 },
      dropped: { duplicate_line: 24 },
    })
    expect(topics).toEqual({ raw: 10_000, clean: 9_934, quarantine: 42 })
    expect(table.rows).toBe(9_934)
  })

  test('counts as plain conditions over the lines of the file do', () => {
    const { read, judged } = summaryOf(dir)
    expect(read.records).toBe(strikes.lines)
    expect(judged.passed).toBe(strikes.good.length)
    expect(judged.marked).toBe(strikes.doubtful)
    expect(judged.quarantined).toEqual({
      damage_code: strikes.oddDamage,
      repair_without_damage: strikes.repairWithoutDamage,
    })
    expect(judged.dropped).toEqual({ duplicate_line: strikes.duplicates })
  })

  test('finds with each rule as many faults as plain conditions do, zeros too', () => {
    const { rules } = summaryOf(dir)
    const found = rules.flatMap(({ checks }) => checks.map(({ id, failed }) => [id, failed] as const))
    const nothing = Object.fromEntries(found.map(([id]) => [id, 0]))
    expect(Object.fromEntries(found)).toEqual({ ...nothing, duplicate_line: strikes.duplicates, ...strikes.faults })
    expect(strikes.faults).toMatchObject({
      speed_known: 2836,
      speed_not_zero: 19,
      speed_within_limit: 62,
      operator_known: 72,
    })
    expect(strikes.faults).toMatchObject({ cost_without_damage: 55, damage_without_cost: 907, damage_code: 15 })
    expect(rules.flatMap(({ checks }) => checks.filter(({ errors }) => errors > 0))).toEqual([])
  })

  test('says that it adds up, and every sentence of it holds', () => {
    expect(summaryOf(dir).equations.filter(({ holds }) => !holds)).toEqual([])
    expect(output).toContain('✓ it adds up')
    expect(output).toMatch(/Large +740 +26048688 +165/)
  })

  test('shows the same query over the table as it was', () => {
    expect(output).toMatch(/The same in version \d+ of the table, of \d+:/)
  })

  test('ends with four commands to try', () => {
    const commands = output.slice(output.indexOf('Try next:')).match(/^ {2}npm run .*$/gm)
    expect(commands).toHaveLength(4)
  })

  test.each<[string, string, (good: readonly Strike[]) => readonly (readonly unknown[])[]]>([
    ['rows', 'select count(*) from t', (good) => [[BigInt(good.length)]]],
    [
      'rows by size of the animal',
      'select wildlife_size, count(*) from t group by all order by all',
      (good) =>
        [...Map.groupBy(good, ({ size }) => size)]
          .map(([size, those]) => [size, BigInt(those.length)] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ],
    [
      'sums of all costs',
      'select sum(cost_other)::varchar, sum(cost_repair)::varchar, sum(cost_total)::varchar from t',
      (good) => [
        [
          sum(good, ({ otherDollars }) => otherDollars).toFixed(2),
          sum(good, ({ repairDollars }) => repairDollars).toFixed(2),
          sum(good, ({ totalDollars }) => totalDollars).toFixed(2),
        ],
      ],
    ],
    [
      'sum of speeds, and how many are unknown',
      'select sum(speed_ias_in_knots)::bigint, count(*) - count(speed_ias_in_knots) from t',
      (good) => [
        [BigInt(sum(good, ({ speed }) => Number(speed))), BigInt(good.filter(({ speed }) => speed === '').length)],
      ],
    ],
    [
      'airports, first and last day',
      'select count(distinct airport_name), min(flight_date)::varchar, max(flight_date)::varchar from t',
      (good) => {
        const days = good.map(({ date }) => date).toSorted()
        return [[BigInt(new Set(good.map(({ airport }) => airport)).size), days[0], days.at(-1)]]
      },
    ],
  ])('fills a table that DuckDB reads with the same %s', async (_, sql, wanted) => {
    expect(await ask(tableIn(dir), sql)).toEqual(wanted(strikes.good))
  })

  test('holds each record of the clean topic once, by partition and offset', async () => {
    const [[rows, coordinates]] = (await ask(
      tableIn(dir),
      'select count(*), count(distinct (_kafka_partition, _kafka_offset)) from t',
    )) as [[bigint, bigint]]
    expect(coordinates).toBe(rows)
  })

  test('writes a log in which each entry begins with commitInfo, and each that adds files says how far every partition got', () => {
    const log = logOf(tableIn(dir))
    expect(log.map(([first]) => Object.keys(first!))).toEqual(log.map(() => ['commitInfo']))
    expect(Object.keys(Object.assign({}, ...log[0]!) as object)).toEqual(
      expect.arrayContaining(['protocol', 'metaData']),
    )
    const reached = new Map<string, number>()
    for (const actions of log) {
      const adds = actions.filter((action) => action['add'] !== undefined)
      const txns = actions.flatMap(({ txn }) =>
        txn === undefined || String(txn['appId']).startsWith('topic-of:')
          ? []
          : [{ appId: String(txn['appId']), version: Number(txn['version']) }],
      )
      expect(txns.length).toBeGreaterThanOrEqual(Math.min(1, adds.length))
      for (const { appId, version } of txns) {
        expect(version).toBeGreaterThan(reached.get(appId) ?? -1)
        reached.set(appId, version)
      }
    }
    // One name per partition of the clean topic; together they have reached its end.
    expect([...reached.keys()].toSorted().map((name) => name.slice(name.lastIndexOf(':')))).toEqual([':0', ':1', ':2'])
    expect([...reached.values()].reduce((rows, last) => rows + last + 1, 0)).toBe(strikes.good.length)
  })

  test('keeps what its cells log in quickstart.log, beside the lines of the worker and of the broker', () => {
    const lines = fs.readFileSync(path.join(dir, 'quickstart.log'), 'utf8').trimEnd().split('\n')
    const contexts = lines.map((line) => (JSON.parse(line) as Readonly<Record<string, unknown>>)['connector.context'])
    expect(new Set(contexts)).toEqual(new Set([undefined, '[bird_strikes-lake|task-0] ']))
  })

  test('says nothing on standard error', () => {
    expect(errors).toBe('')
  })

  test('leaves no process, no lock, and nothing outside of its folder', () => {
    expect(leftBehind(dir)).toEqual([])
    expect(fs.readdirSync(dir).toSorted()).toEqual(['config', 'kafka', 'lake', 'quickstart.log', 'summary.json'])
  })

  test(
    'adds nothing when it runs again: same counts, same version, same files',
    async () => {
      const { rules: _, ...before } = summaryOf(dir)
      const files = stateOf(tableIn(dir))
      await runToTheEnd(dir)
      const { rules, ...after } = summaryOf(dir)
      expect(after).toEqual(before)
      expect(stateOf(tableIn(dir))).toEqual(files)
      expect(rules.map(({ records }) => records)).toEqual([0])
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

describe("the quickstart of one's own files", () => {
  const csv = (name: string, text: string): string => {
    const file = path.join(base, name)
    fs.writeFileSync(file, text)
    return file
  }

  test(
    'adds a second file to the same table, with a column that is new; what was there before is there as it was',
    async () => {
      const dir = path.join(base, 'two files')
      const first = csv('orders.csv', 'id,name\n1,anna\n2,bert\n3,carl\n')
      const second = csv('more.csv', 'id,name,city\n4,dora,Rome\n5,emil,Oslo\n')
      await runToTheEnd(dir, ['--file', first, '--key', 'id'])
      const { version } = summaryOf(dir).table
      const { output } = await runToTheEnd(dir, ['--file', second, '--key', 'id', '--into', 'orders'])
      const { read, table, equations } = summaryOf(dir)
      expect(equations.filter(({ holds }) => !holds)).toEqual([])
      expect({ read, rows: table.rows }).toEqual({
        read: { lines: 7, records: 5, diverted: 0, skipped: 2 },
        rows: 5,
      })
      expect(output).toMatch(
        new RegExp(
          `The same in version ${version} of the table, of ${table.version}:\\s+rows +keys\\s+─+ +─+\\s+3 +3\\s`,
        ),
      )
      expect(await ask(tableIn(dir, 'orders'), 'select count(city), sum(id::int)::int from t')).toEqual([[2n, 15]])
    },
    2 * TEST_MS,
  )

  test(
    'puts the table into S3',
    async () => {
      await using server = await S3TestServer.start()
      const { 'aws.access.key.id': id, 'aws.secret.access.key': secret } = server.settings
      const dir = path.join(base, 'on s3')
      const file = csv('cities.csv', 'id,name\n1,Rome\n2,Oslo\n')
      const args = ['--file', file, '--key', 'id', '--s3', `${server.url}/lake/demo/`]
      const credentials = { AWS_ACCESS_KEY_ID: id!, AWS_SECRET_ACCESS_KEY: secret! }
      const { output } = await runToTheEnd(dir, args, credentials)
      expect(summaryOf(dir).table.rows).toBe(2)
      expect(output).toContain('sql s3://lake/demo/cities')
      expect(server.keys('lake').filter((key) => key.startsWith('demo/cities/_delta_log/')).length).toBeGreaterThan(1)
      expect(fs.existsSync(path.join(dir, 'lake'))).toBe(false)
    },
    TEST_MS,
  )
})

describe('a quickstart that is interrupted in the middle', () => {
  test(
    'stops with status 130, leaves nothing running and nothing torn, and the next run completes it',
    async () => {
      const dir = path.join(base, 'interrupted')
      const run = new QuickstartRun(dir)
      await run.said('Kafka is up')
      // The processor's first results are there: everything is on the move.
      await run.wrote('bird_strikes.clean')
      run.interrupt()
      expect(await run.ended()).toBe(130)
      expect(run.output).toContain('the next run goes on from there')
      expect(run.output).not.toContain('it adds up')
      expect(leftBehind(dir)).toEqual([])

      await runToTheEnd(dir)
      const { read, judged, table, equations } = summaryOf(dir)
      expect(equations.filter(({ holds }) => !holds)).toEqual([])
      expect({ lines: read.lines, ...judged, rows: table.rows }).toMatchObject({
        lines: 10_001,
        in: 10_000,
        passed: 9_934,
        marked: 3_572,
        rows: 9_934,
      })
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

describe('a quickstart that is interrupted before it has begun', () => {
  test(
    'ends with its broker',
    async () => {
      const dir = path.join(base, 'early')
      const run = new QuickstartRun(dir)
      await run.said('everything is kept below')
      run.interrupt()
      expect(await run.ended()).toBe(130)
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

describe('a quickstart that is killed in the middle', () => {
  test(
    'takes its cells with it, and the next run completes it without waiting for anybody',
    async () => {
      const dir = path.join(base, 'killed')
      const run = new QuickstartRun(dir)
      await run.said('Kafka is up')
      await run.wrote('bird_strikes.clean')
      // Itself, and a cell for each connector.
      expect(processesMarked(run.mark).length).toBeGreaterThanOrEqual(3)
      run.kill()
      await run.ended()
      const next = new QuickstartRun(dir)
      await next.said('Kafka is up')
      const since = performance.now()
      await sleep(CELLS_END_MS)
      expect(processesMarked(run.mark)).toEqual([])
      expect(await next.ended()).toBe(0)
      expect(performance.now() - since).toBeLessThan(SESSION_MS)
      expect(summaryOf(dir).equations.filter(({ holds }) => !holds)).toEqual([])
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

describe('a quickstart in which a connector fails', () => {
  test(
    'ends with status 1, says why and what to do, and leaves nothing running',
    async () => {
      const dir = path.join(base, 'failing')
      const file = path.join(base, 'long_line.csv')
      fs.writeFileSync(file, `id,name\n1,one\n2,${'x'.repeat(2_000_000)}\n`)
      const run = new QuickstartRun(dir, ['--file', file, '--key', 'id'])
      expect(await run.ended()).toBe(1)
      expect(run.errors).toMatch(/The connector long_line-source failed: The line is longer than line\.bytes\.max/)
      expect(run.errors).toContain('What to do: Raise line.bytes.max')
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

describe("a quickstart on somebody's own file", () => {
  test(
    'lands the good rows and quarantines the others, each counted where it was found',
    async () => {
      const dir = path.join(base, 'own')
      const file = path.join(base, 'My Orders.csv')
      const good = Array.from({ length: 500 }, (_, i) => `${i + 1},customer ${i % 7},"${i}.50 €, net"\r\n`)
      const bad = [
        Buffer.from('501,too short\r\n'),
        Buffer.from('502,one,cell,too many\r\n'),
        Buffer.concat([Buffer.from('503,'), Buffer.from([0xff, 0xfe]), Buffer.from(',no UTF-8\r\n')]),
        Buffer.from(',without a key,1\r\n'),
      ]
      fs.writeFileSync(
        file,
        Buffer.concat([Buffer.from('Order No,Customer,Price\r\n'), ...bad, ...good.map((line) => Buffer.from(line))]),
      )
      await runToTheEnd(dir, ['--file', file, '--key', 'Order No'])

      const { read, judged, topics, table, equations } = summaryOf(dir)
      expect(equations.filter(({ holds }) => !holds)).toEqual([])
      expect(read).toEqual({ lines: 505, records: 501, diverted: 3, skipped: 1 })
      expect(judged).toMatchObject({ in: 501, passed: 500, quarantined: { key_present: 1 }, dropped: {} })
      expect(topics).toEqual({ raw: 501, clean: 500, quarantine: 4 })
      expect(table.rows).toBe(500)
      const rows = await ask(
        tableIn(dir, 'my_orders'),
        `select count(distinct order_no), count(distinct customer), max(price) from t where price like '%.50 €, net'`,
      )
      expect(rows).toEqual([[500n, 7n, '99.50 €, net']])
      expect(leftBehind(dir)).toEqual([])
    },
    TEST_MS,
  )
})

function sum(strikes: readonly Strike[], of: (strike: Strike) => number): number {
  return strikes.reduce((total, strike) => total + of(strike), 0)
}

/** The table as it lies there: version, and name, size and time of each file. */
function stateOf(table: string): readonly (string | number)[] {
  const stats = filesOf(table).map(
    (file) => `${path.basename(file)} ${fs.statSync(file).size} ${fs.statSync(file).mtimeMs}`,
  )
  const present = fs.readdirSync(table, { recursive: true, encoding: 'utf8' }).toSorted()
  return [logOf(table).length - 1, ...stats, ...present]
}
