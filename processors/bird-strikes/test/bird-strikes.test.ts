import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import type { StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder } from '@sluice/streams'
import { TopologyTestDriver, type TestRecord } from '@sluice/streams/testing'
import processor, { birdStrikeSchema, birdStrikeSchemaJson, type BirdStrike } from '../src/index.ts'

/** The file of the quickstart: no quotes, lines end with CR LF. */
const file = new URL('../../../node_modules/vega-datasets/data/birdstrikes.csv', import.meta.url)

interface Run {
  readonly driver: TopologyTestDriver
  readonly clean: readonly TestRecord<string, BirdStrike>[]
  readonly quarantined: readonly TestRecord<string, Uint8Array>[]
}

function run(lines: readonly StructValue[]): Run {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse({}))
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('bird_strikes.raw', Serdes.string, Serdes.json<StructValue>())
  for (const line of lines) input.pipeInput(line['Airport Name'] as string, line)
  return {
    driver,
    clean: driver
      .createOutputTopic('bird_strikes.clean', Serdes.string, Serdes.json<BirdStrike>(birdStrikeSchema))
      .readRecordsToList(),
    quarantined: driver.createOutputTopic('bird_strikes.quarantine', Serdes.string).readRecordsToList(),
  }
}

function readLines(): StructValue[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').split('\r\n')
  const headings = head.split(',')
  return lines.map((line) => {
    const cells = line.split(',')
    return Object.fromEntries(headings.map((heading, i) => [heading, cells[i]!]))
  })
}

/** The lines that ought to be clean, found without the processor. */
function rightly(lines: readonly StructValue[]): StructValue[] {
  const seen = new Set<string>()
  return lines.filter((line) => {
    const damage = line['Effect Amount of damage']
    if (damage === 'B' || damage === 'C' || (damage === 'None' && line['Cost Repair'] !== '0')) return false
    return seen.size < seen.add(JSON.stringify(line)).size
  })
}

/** Whether a line ought to be marked. */
function isDoubtful(line: StructValue): boolean {
  const speed = line['Speed IAS in knots']
  const isDamaged = line['Effect Amount of damage'] !== 'None'
  const isPaid = line['Cost Total $'] !== '0'
  return (
    speed === '' ||
    Number(speed) === 0 ||
    Number(speed) > 250 ||
    isDamaged !== isPaid ||
    line['Aircraft Airline Operator'] === 'UNKNOWN'
  )
}

const header = ({ headers }: TestRecord<unknown, unknown>, name: string): string => {
  const found = headers.find(({ key }) => key === name)
  return found?.value == null ? '' : Buffer.from(found.value).toString()
}

describe('the 10,000 lines of the quickstart', () => {
  const lines = readLines()
  let result: Run
  beforeAll(() => {
    result = run(lines)
  })

  test('each rule finds what is truly in the file', () => {
    expect(lines).toHaveLength(10_000)
    const found = result.driver
      .scorecards()[0]!
      .checks.map(({ id, action, failed, errors }) => [id, action, failed, errors])
    expect(found).toEqual([
      ['duplicate_line', 'drop', 24, 0],
      ['damage_code', 'quarantine', 15, 0],
      ['repair_without_damage', 'quarantine', 27, 0],
      ['cost_without_damage', 'mark', 55, 0],
      ['damage_without_cost', 'mark', 907, 0],
      ['cost_not_negative', 'quarantine', 0, 0],
      ['speed_known', 'mark', 2836, 0],
      ['speed_not_zero', 'mark', 19, 0],
      ['speed_within_limit', 'mark', 62, 0],
      ['speed_possible', 'quarantine', 0, 0],
      ['operator_known', 'mark', 72, 0],
      ['named', 'quarantine', 0, 0],
      ['phase_of_flight', 'mark', 0, 0],
      ['wildlife_size', 'mark', 0, 0],
      ['time_of_day', 'mark', 0, 0],
      ['date_since_1990', 'quarantine', 0, 0],
      ['date_not_future', 'quarantine', 0, 0],
    ])
  })

  test('every line is accounted for: in = passed + quarantined + dropped', () => {
    const tally = result.driver.tally()
    expect(tally).toEqual({
      in: 10_000,
      passed: 9934,
      marked: 3572,
      quarantined: { damage_code: 15, repair_without_damage: 27 },
      dropped: { duplicate_line: 24 },
    })
    expect(result.clean).toHaveLength(9934)
    expect(result.quarantined).toHaveLength(42)
  })

  test('the clean rows are those an independent reading of the file leaves', () => {
    const kept = rightly(lines)
    expect(result.clean.map(({ key }) => key)).toEqual(kept.map((line) => line['Airport Name']))
    const sum = (values: readonly (string | number | null)[]): number =>
      values.reduce<number>((sum, value) => sum + Number(value), 0)
    expect(sum(result.clean.map(({ value }) => value!.cost_total))).toBe(
      sum(kept.map((line) => line['Cost Total $'] as string)),
    )
    expect(sum(result.clean.map(({ value }) => value!.speed_ias_in_knots))).toBe(
      sum(kept.map((line) => line['Speed IAS in knots'] as string)),
    )
    expect(
      result.clean.map(({ value }) => new Date(value!.flight_date * 86_400_000).toISOString().slice(0, 10)),
    ).toEqual(kept.map((line) => line['Flight Date']))
  })

  test('a marked row says which rules it failed', () => {
    const byRule = new Map<string, number>()
    for (const record of result.clean) {
      for (const rule of header(record, 'dq-warn').split(',')) byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
    }
    expect(byRule.get('')).toBe(9934 - rightly(lines).filter(isDoubtful).length)
    expect(byRule.get('operator_known')).toBe(72)
    expect(byRule.get('cost_without_damage')).toBe(55 - 27)
  })

  test('a quarantined line keeps its bytes and names the rule and the column', () => {
    const [first] = result.quarantined
    const envelope = readQuarantineHeaders(first!.headers)!
    expect(JSON.parse(Buffer.from(first!.value!).toString())).toEqual(lines[envelope.origin!.offset])
    expect(envelope).toMatchObject({ gate: 'bird-strikes', stage: 'judge', flow: 'test' })
    expect(
      new Set(
        result.quarantined.flatMap(({ headers }) =>
          readQuarantineHeaders(headers)!.reasons.map(({ check, field }) => `${check} ${field}`),
        ),
      ),
    ).toEqual(
      new Set([
        'damage_code effect_amount_of_damage',
        'repair_without_damage cost_repair',
        'cost_without_damage cost_total',
        'speed_known speed_ias_in_knots',
        'speed_not_zero speed_ias_in_knots',
        'speed_within_limit speed_ias_in_knots',
      ]),
    )
  })
})

describe('a cell that is not of its type ends in quarantine, the reason naming the column', () => {
  const good: StructValue = readLines()[0]!
  const cells: readonly (readonly [column: string, cell: string])[] = [
    ['Flight Date', ''],
    ['Flight Date', 'yesterday'],
    ['Flight Date', '1999-02-29'],
    ['Flight Date', '1999-13-01'],
    ['Flight Date', '99-10-19'],
    ['Cost Total $', ''],
    ['Cost Total $', '1,000'],
    ['Cost Total $', '1e3'],
    ['Cost Repair', '0.125'],
    ['Cost Other', '12345678901'],
    ['Speed IAS in knots', 'fast'],
    ['Speed IAS in knots', '120.5'],
    ['Speed IAS in knots', '2147483648'],
    ['Speed IAS in knots', '99999999999999999999'],
  ]
  test.each(cells)('%s: %j', (column, cell) => {
    const { driver, clean, quarantined } = run([{ ...good, [column]: cell }, good])
    expect(clean).toHaveLength(1)
    expect(readQuarantineHeaders(quarantined[0]!.headers)).toMatchObject({
      stage: 'process',
      reasons: [{ code: 'DATA_INVALID', message: expect.stringContaining(column), place: { field: column } }],
    })
    expect(JSON.parse(Buffer.from(quarantined[0]!.value!).toString())).toEqual({ ...good, [column]: cell })
    expect(driver.tally().quarantined).toEqual({ [`process:${column}`]: 1 })
  })

  test('also one that is missing or no text', () => {
    const { 'Origin State': _, ...without } = good
    const { driver } = run([without, { ...good, 'Cost Other': 5 }, { ...good, 'Wildlife Size': null }])
    expect(driver.tally().quarantined).toEqual({
      'process:Origin State': 1,
      'process:Cost Other': 1,
      'process:Wildlife Size': 1,
    })
  })

  const rules: readonly (readonly [column: string, cell: string, rule: string])[] = [
    ['Speed IAS in knots', '-1', 'speed_possible'],
    ['Speed IAS in knots', '1400', 'speed_possible'],
    ['Cost Total $', '-0.01', 'cost_not_negative'],
    ['Flight Date', '1989-12-31', 'date_since_1990'],
    ['Flight Date', '2999-01-01', 'date_not_future'],
    ['Airport Name', ' ', 'named'],
    ['Effect Amount of damage', 'Z', 'damage_code'],
  ]
  test.each(rules)('%s: %j is of its type and refused by rule %s', (column, cell, rule) => {
    expect(run([{ ...good, [column]: cell }]).driver.tally().quarantined).toEqual({ [rule]: 1 })
  })
})

test('amounts are exact to the cent', () => {
  const good: StructValue = readLines()[0]!
  const { clean } = run([{ ...good, 'Cost Other': '0.5', 'Cost Repair': '9999999999.99', 'Cost Total $': '7' }])
  expect(clean[0]?.value).toBeUndefined()
  const damaged = {
    ...good,
    'Effect Amount of damage': 'Minor',
    'Cost Other': '0.5',
    'Cost Repair': '9999999999.99',
    'Cost Total $': '7',
  }
  expect(run([damaged]).clean[0]!.value).toMatchObject({
    cost_other: '0.50',
    cost_repair: '9999999999.99',
    cost_total: '7.00',
  })
})

test('bytes that are no JSON, JSON that is no line, and tombstones are accounted for', () => {
  const { driver } = run([])
  const input = driver.createInputTopic('bird_strikes.raw')
  for (const bytes of ['{"Airport Name":', '[1]', '"text"']) input.pipeInput(null, Buffer.from(bytes))
  input.pipeInput(Buffer.from('k'), null)
  expect(driver.tally()).toMatchObject({
    in: 4,
    passed: 0,
    quarantined: { decode: 1, 'process:Airport Name': 2 },
    dropped: { 'without-tombstones': 1 },
  })
})

test('the topology is one chain; its text is Kafka Streams’', () => {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse({}))
  expect(builder.build().describe()).toBe(`Topologies:
   Sub-topology: 0
    Source: KSTREAM-SOURCE-0000000000 (topics: [bird_strikes.raw])
      --> without-tombstones
    Processor: without-tombstones (stores: [])
      --> KSTREAM-MAPVALUES-0000000002
      <-- KSTREAM-SOURCE-0000000000
    Processor: KSTREAM-MAPVALUES-0000000002 (stores: [])
      --> KSTREAM-GATE-0000000003
      <-- without-tombstones
    Processor: KSTREAM-GATE-0000000003 (stores: [])
      --> KSTREAM-SINK-0000000004
      <-- KSTREAM-MAPVALUES-0000000002
    Sink: KSTREAM-SINK-0000000004 (topic: bird_strikes.clean)
      <-- KSTREAM-GATE-0000000003

`)
})

test('the schema as text reads back what the processor writes', () => {
  const schema = JSON.parse(birdStrikeSchemaJson) as { readonly fields: readonly { readonly field: string }[] }
  expect(schema.fields.map(({ field }) => field)).toEqual(birdStrikeSchema.fields.map(({ name }) => name))
})
