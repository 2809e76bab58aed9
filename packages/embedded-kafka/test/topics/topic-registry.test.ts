import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Bench, STORAGES, batchOf, readAll, values, valuesOf } from '../log/support.ts'

describe.each(STORAGES)('topics in %s', (storage) => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench(storage)
  })
  afterEach(() => bench.end())

  it('finds a topic by its name and by its id, which is 22 characters', () => {
    const topic = bench.topics.create('orders', 4, { 'retention.ms': '5000' })
    expect(topic.id).toMatch(/^[\w][\w-]{21}$/)
    expect(bench.topics.get('orders')).toBe(topic)
    expect(bench.topics.byId(topic.id)).toBe(topic)
    expect(bench.topics.partition('orders', 3)).toMatchObject({ index: 3, leader: 1, leaderEpoch: 0 })
    expect(bench.topics.partition('orders', 4)).toBeUndefined()
    expect(topic.config.retentionMs).toBe(5000)
    expect([...bench.topics.all()]).toEqual([topic])
  })

  it.each([
    ['', 'INVALID_TOPIC_EXCEPTION'],
    ['.', 'INVALID_TOPIC_EXCEPTION'],
    ['..', 'INVALID_TOPIC_EXCEPTION'],
    ['a b', 'INVALID_TOPIC_EXCEPTION'],
    ['../orders', 'INVALID_TOPIC_EXCEPTION'],
    ['ü', 'INVALID_TOPIC_EXCEPTION'],
    ['x'.repeat(250), 'INVALID_TOPIC_EXCEPTION'],
    ['or_ders', 'INVALID_TOPIC_EXCEPTION'],
    ['or.ders', 'TOPIC_ALREADY_EXISTS'],
  ])('refuses the name %j', (name, error) => {
    bench.topics.create('or.ders', 1, {})
    expect(() => bench.topics.create(name, 1, {})).toThrow(expect.objectContaining({ name: error }))
  })

  it.each([0, -1, 1.5])('refuses %d partitions', (count) => {
    expect(() => bench.topics.create('orders', count, {})).toThrow(
      expect.objectContaining({ name: 'INVALID_PARTITIONS' }),
    )
  })

  it('takes the longest name there may be, and writes to it', () => {
    const topic = bench.topics.create('x'.repeat(249), 1, {})
    topic.partitions[0]!.log.append(batchOf(values('a')), 0)
    expect(topic.partitions[0]!.log.endOffset).toBe(1)
  })

  it.each([
    [{ 'no.such.setting': '1' }, 'no.such.setting'],
    [{ 'retention.ms': 'soon' }, 'retention.ms'],
    [{ 'retention.ms': '-2' }, 'retention.ms'],
    [{ 'segment.bytes': '13' }, 'segment.bytes'],
    [{ 'cleanup.policy': 'compact,burn' }, 'cleanup.policy'],
    [{ 'compression.type': 'brotli' }, 'compression.type'],
    [{ 'min.compaction.lag.ms': '10', 'max.compaction.lag.ms': '5' }, 'min.compaction.lag.ms'],
  ])('refuses the configuration %j, and names the setting', (configs, named) => {
    const refusal = expect.objectContaining({ name: 'INVALID_CONFIG', message: expect.stringContaining(named) })
    expect(() => bench.topics.create('orders', 1, configs)).toThrow(refusal)
    bench.topics.create('orders', 1, {})
    expect(() => bench.topics.configure('orders', configs)).toThrow(refusal)
    expect(bench.topics.get('orders')!.overrides).toEqual({})
  })

  it('gives a topic that is created again a new id and an empty log', () => {
    const first = bench.topics.create('orders', 1, {})
    first.partitions[0]!.log.append(batchOf(values('old')), 0)
    const gone: string[] = []
    bench.topics.onDelete(({ id }) => void gone.push(id))
    bench.topics.delete('orders')
    expect(gone).toEqual([first.id])
    expect(bench.topics.byId(first.id)).toBeUndefined()
    const second = bench.topics.create('orders', 1, {})
    expect(second.id).not.toBe(first.id)
    expect(readAll(second.partitions[0]!.log)).toEqual([])
    expect(() => bench.topics.delete('others')).toThrow(expect.objectContaining({ name: 'UNKNOWN_TOPIC_OR_PARTITION' }))
  })

  it('adds partitions, and never takes any away', () => {
    bench.topics.create('orders', 2, {})
    bench.topics.addPartitions('orders', 4)
    expect(bench.topics.get('orders')!.partitions.map(({ leader }) => leader)).toEqual([1, 2, 3, 1])
    for (const total of [4, 3]) {
      expect(() => bench.topics.addPartitions('orders', total)).toThrow(
        expect.objectContaining({ name: 'INVALID_PARTITIONS' }),
      )
    }
  })

  it('takes what it is not told from the settings of the broker, the most precise first', () => {
    const broker: Record<string, string> = { 'log.retention.hours': '2', 'message.max.bytes': '77' }
    const told = new Bench(storage, { brokerOverride: (name) => broker[name] })
    const topic = told.topics.create('orders', 1, {})
    expect(topic.config).toMatchObject({ retentionMs: 7_200_000, maxMessageBytes: 77, segmentMs: 604_800_000 })
    broker['log.retention.ms'] = '5'
    told.topics.settingsChanged()
    expect(topic.config.retentionMs).toBe(5)
    told.topics.configure('orders', { 'retention.ms': '6' })
    expect(topic.config.retentionMs).toBe(6)
    told.end()
  })

  it('moves a leader to another node in a new epoch', () => {
    const topic = bench.topics.create('orders', 1, {})
    const { log } = topic.partitions[0]!
    log.append(batchOf(values('a', 'b')), 0)
    bench.topics.moveLeader('orders', 0, 2)
    expect(topic.partitions[0]).toMatchObject({ leader: 2, leaderEpoch: 1 })
    expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 2 })
    expect(log.endOffsetForEpoch(1)).toEqual({ epoch: 1, endOffset: 2 })
  })

  it('is the same after a restart, in order or not', () => {
    if (storage === 'memory') return
    bench.topics.create('gone', 1, {})
    const { id } = bench.topics.create('orders', 1, { 'cleanup.policy': 'compact' }, true)
    bench.topics.addPartitions('orders', 3)
    bench.topics.configure('orders', { 'retention.ms': '9' })
    bench.topics.moveLeader('orders', 1, 3)
    bench.topics.delete('gone')
    for (const how of ['abandon', 'close'] as const) {
      bench.restart(how)
      const topic = bench.topics.byId(id)!
      expect(topic).toMatchObject({ name: 'orders', isInternal: true, overrides: { 'retention.ms': '9' } })
      expect(topic.partitions.map(({ leader, leaderEpoch }) => [leader, leaderEpoch])).toEqual([
        [1, 0],
        [3, 1],
        [3, 0],
      ])
      expect(bench.topics.get('gone')).toBeUndefined()
      expect(() => bench.topics.create('gone', 1, {})).not.toThrow()
      bench.topics.delete('gone')
    }
  })
})

describe('the journal of topics', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench('files')
    bench.topics.create('first', 1, {})
    bench.log().append(batchOf(values('a')), 0)
  })
  afterEach(() => bench.end())

  const path = (): string => join(bench.dataDir!, 'topics.journal')

  it.each([1, 5, 40])('drops a last line that is torn by %d bytes, and goes on behind the line before', (cut) => {
    bench.topics.create('torn', 1, {})
    bench.opened.abandon()
    truncateSync(path(), readFileSync(path()).length - cut)
    bench.restart('abandon')
    expect([...bench.topics.all()].map(({ name }) => name)).toEqual(['first', 'orders'])
    bench.topics.create('next', 1, {})
    bench.restart('abandon')
    expect([...bench.topics.all()].map(({ name }) => name)).toEqual(['first', 'orders', 'next'])
    expect(valuesOf(readAll(bench.log()))).toEqual(['a'])
  })

  it('refuses to start with lines missing in the middle, and touches nothing', () => {
    bench.opened.abandon()
    const whole = readFileSync(path())
    const damaged = Buffer.from(whole)
    damaged[30]! ^= 1
    writeFileSync(path(), damaged)
    expect(() => bench.restart('abandon')).toThrow(/topics\.journal.* is damaged/)
    writeFileSync(path(), whole)
    bench.restart('abandon')
    expect(valuesOf(readAll(bench.log()))).toEqual(['a'])
  })

  it('acknowledges no change once its file is removed under it', () => {
    bench.topics.create('kept', 1, {})
    rmSync(path())
    expect(() => bench.topics.create('lost', 1, {})).toThrow(expect.objectContaining({ name: 'KAFKA_STORAGE_ERROR' }))
    expect(bench.topics.get('lost')).toBeUndefined()
  })

  it('stays short however often topics change', () => {
    for (let i = 0; i < 50; i++) bench.topics.configure('first', { 'retention.ms': String(i) })
    bench.restart()
    expect(readFileSync(path(), 'utf8').trim().split('\n')).toHaveLength(2)
    appendFileSync(path(), 'x')
    bench.restart('abandon')
    expect(bench.topics.get('first')!.config.retentionMs).toBe(49)
  })
})
