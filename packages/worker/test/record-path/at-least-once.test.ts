/** What the broker refuses, with `errors.tolerance=all`. */
import { describe, expect, test } from '@jest/globals'
import type { ProducerRecord } from '@sluice/kafka'
import { DataError, RetriableError, SluiceError } from '@sluice/sdk'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { batches, SourceRun, sourceRecord } from '../support/source-run.ts'

const refused = new SluiceError('KAFKA_REFUSED', 'a record without a key', { place: { error: 'INVALID_RECORD' } })

/** Refuses records of this value, as a broker does: the others of the call are written. */
function refusing(run: SourceRun, value: string, error: unknown = refused): { readonly sizes: number[] } {
  const sizes: number[] = []
  run.producer.produce = async (records: readonly ProducerRecord[]) => {
    sizes.push(records.length)
    const good = records.filter((record) => text(record.value) !== value)
    run.producer.durable.push(...good)
    if (good.length < records.length) throw error
    return []
  }
  return { sizes }
}

describe('records that the broker refuses', () => {
  const all = { tolerance: { tolerance: 'all' as const, log: true } }

  test('are left out and counted where all is tolerated, and the positions move over them', async () => {
    const run = new SourceRun({
      ...all,
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2), sourceRecord(3)], [sourceRecord(4)]) }),
    })
    refusing(run, '2')
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 4)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(new Set(run.producer.values('out'))).toEqual(new Set(['1', '3', '4']))
    expect(run.counts.progress()).toMatchObject({ polled: 4, produced: 3, skipped: 1 })
    expect(run.errors.read().values).toMatchObject({ 'total-record-errors': 1, 'total-records-skipped': 1 })
    expect(run.logger.lines.filter(({ message }) => message.startsWith('Error in stage produce'))).toHaveLength(1)
  })

  test('cost a repetition once: from then on each record is asked for by itself, and nothing is sent twice', async () => {
    const run = new SourceRun({
      ...all,
      task: () => ({
        poll: batches([sourceRecord(1), sourceRecord(2)], [sourceRecord(3), sourceRecord(2), sourceRecord(5)]),
      }),
    })
    const { sizes } = refusing(run, '2')
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 5)
    run.stop()
    await ended
    expect(sizes.filter((size) => size > 1).length).toBeLessThanOrEqual(2)
    expect(run.counts.progress()).toMatchObject({ produced: 3, skipped: 2 })
  })

  test('fail the task where nothing is tolerated', async () => {
    const run = new SourceRun({ task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2)]) }) })
    refusing(run, '2')
    expect(await run.run()).toBe(refused)
    expect(run.positions.at).toBeUndefined()
  })

  test.each([
    ['a broker that does not answer', new RetriableError('KAFKA_TIMEOUT', 'no answer')],
    ['replicas that are missing', new RetriableError('KAFKA_REFUSED', 'not enough replicas')],
    ['a login that is not accepted', new SluiceError('KAFKA_AUTHENTICATION', 'who are you')],
    ['a newer owner', new SluiceError('KAFKA_FENCED', 'too late')],
  ])('are not lost to %s: that fails the task, whatever is tolerated', async (_, error) => {
    const run = new SourceRun({ ...all, task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2)]) }) })
    refusing(run, '2', error)
    expect(await run.run()).toBe(error)
    expect(run.positions.at).toBeUndefined()
  })

  test('are never dead letters: a letter that is refused fails the task, and is counted', async () => {
    const run = new SourceRun({
      ...all,
      deadLetters: true,
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2, { value: 'bad' })]) }),
      chain: (record) => {
        if (record.value === 'bad') throw new DataError('bad')
        return record
      },
    })
    refusing(run, 'bad')
    expect(await run.run()).toBe(refused)
    expect(run.positions.at).toBeUndefined()
    expect(run.errors.read().values).toMatchObject({
      'deadletterqueue-produce-requests': 1,
      'deadletterqueue-produce-failures': 1,
    })
  })
})

test('topics are told when the first record is there, once each', async () => {
  const run = new SourceRun({
    task: () => ({
      poll: batches(
        [sourceRecord(1, { topic: 'a' })],
        [sourceRecord(2, { topic: 'b' }), sourceRecord(3, { topic: 'a' })],
      ),
    }),
  })
  run.producer.holds = true
  const ended = run.run()
  await eventually('both are under way', () => run.producer.calls.length === 2)
  expect(run.told).toEqual(['RUNNING'])
  run.producer.calls.slice().forEach((call) => call.done())
  await eventually('stored', () => run.positions.at === 3)
  expect(run.told).toEqual(['RUNNING', 'topic a', 'topic b'])
  run.stop()
  await ended
})
