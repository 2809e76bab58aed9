/** Exactly once (KIP-618) with everything around the loop in memory. */
import { describe, expect, test } from '@jest/globals'
import { DataError, SluiceError, systemClock, type SourceRecord } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { TransactionalRun } from '../support/fake-transactions.ts'
import { batches, sourceRecord } from '../support/source-run.ts'

function outOf(...numbers: readonly number[]): readonly string[] {
  return numbers.map((n) => `out=${n}`)
}

describe('with the boundary poll', () => {
  test('each poll is a transaction, with the positions behind it inside', async () => {
    const settled: unknown[] = []
    const eos = new TransactionalRun('poll', {
      task: () => ({
        poll: batches([sourceRecord(1), sourceRecord(2)], [sourceRecord(3)]),
        settled: async (positions) => void settled.push(...positions.values()),
      }),
    })
    const ended = eos.run.run()
    await eventually('both are committed', () => eos.committed.length === 2)
    eos.run.stop()
    expect(await ended).toBeUndefined()
    expect(eos.committed).toEqual([
      [...outOf(1, 2), 'positions=2'],
      [...outOf(3), 'positions=3'],
    ])
    expect(settled).toEqual([{ n: 2 }, { n: 3 }])
    expect(eos.positions.told.map(({ position }) => position)).toEqual([{ n: 2 }, { n: 3 }])
    expect(eos.run.counts.progress()).toMatchObject({ polled: 3, produced: 3 })
    expect(eos.run.told).toEqual(['RUNNING', 'topic out'])
    expect(eos.producer.closedWith).toBeGreaterThan(0)
  })

  test('the next batch is polled and encoded while a transaction ends, and only one: then the loop waits', async () => {
    let polls = 0
    let encoded = 0
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: async () => [sourceRecord(++polls)] }),
      chain: (record) => {
        encoded += 1
        return record
      },
    })
    const gate = Promise.withResolvers<void>()
    eos.producer.gate = gate.promise
    const ended = eos.run.run()
    await eventually('a commit is under way', () => eos.producer.commits === 1)
    await systemClock.sleep(30)
    expect({ polls, encoded, begun: eos.producer.begun }).toEqual({ polls: 2, encoded: 2, begun: 1 })
    gate.resolve()
    await eventually('it goes on', () => eos.committed.length > 3)
    eos.run.stop()
    expect(await ended).toBeUndefined()
    // What was polled when the task was to stop is committed, too.
    expect(eos.committed.flat().filter((record) => record.startsWith('out='))).toEqual(
      outOf(...Array.from({ length: polls }, (_, i) => i + 1)),
    )
  })

  test('of a poll that was dropped whole, the positions alone are a transaction', async () => {
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2)]) }),
      chain: () => null,
    })
    const ended = eos.run.run()
    await eventually('committed', () => eos.committed.length === 1)
    eos.run.stop()
    await ended
    expect(eos.committed).toEqual([['positions=2']])
    expect(eos.run.counts.progress()).toMatchObject({ produced: 0, dropped: 2 })
  })

  test('dead letters are in the transaction of the records around them', async () => {
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2, { value: 'bad' }), sourceRecord(3)]) }),
      chain: (record) => {
        if (record.value === 'bad') throw new DataError('bad')
        return record
      },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    const ended = eos.run.run()
    await eventually('committed', () => eos.committed.length === 1)
    eos.run.stop()
    await ended
    expect(eos.committed).toEqual([['out=1', 'dead=bad', 'out=3', 'positions=3']])
  })
})

describe('with the boundary interval', () => {
  test('many polls are one transaction until its time is over; then it ends by itself, without a poll', async () => {
    const clock = new FakeClock()
    const eos = new TransactionalRun('interval', {
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)], [sourceRecord(3)]) }),
      clock,
    })
    const ended = eos.run.run()
    await eventually('all are polled', () => eos.run.counts.progress().polled === 3)
    await eventually('the loop and the timer wait', () => clock.sleeping === 2)
    expect(eos.committed).toEqual([])
    // The source's own wait is not over yet after these: only the timer's is.
    clock.advance(1000)
    await eventually('committed', () => eos.committed.length === 1)
    expect(eos.committed).toEqual([[...outOf(1, 2, 3), 'positions=3']])
    eos.run.stop()
    await ended
    expect(eos.producer.ended).toHaveLength(1)
  })

  test('a clean stop commits what is open', async () => {
    const eos = new TransactionalRun('interval', {
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)]) }),
      clock: new FakeClock(),
    })
    const ended = eos.run.run()
    await eventually('all are polled', () => eos.run.counts.progress().polled === 2)
    eos.run.stop()
    expect(await ended).toBeUndefined()
    expect(eos.committed).toEqual([[...outOf(1, 2), 'positions=2']])
  })

  test('polling waits while too much of the open transaction is under way', async () => {
    let polls = 0
    const eos = new TransactionalRun('interval', {
      task: () => ({ poll: async () => [sourceRecord(++polls, { value: 'x'.repeat(1000) })] }),
      queueBytesMax: 3000,
      clock: new FakeClock(),
    })
    eos.producer.produce = () => new Promise(() => undefined)
    void eos.run.run()
    await eventually('several polls', () => polls === 3)
    await systemClock.sleep(30)
    expect(polls).toBe(3)
    eos.run.control.cancel()
    eos.run.stop()
  })
})

describe('with the boundary connector', () => {
  test('transactions end where the connector says: behind a record, or behind what a poll returned', async () => {
    const records = [1, 2, 3, 4, 5].map((n) => sourceRecord(n))
    let polls = 0
    const eos = new TransactionalRun('connector', {
      task: ({ transaction }) => ({
        poll: async () => {
          polls += 1
          if (polls === 1) transaction!.commit(records[1])
          if (polls === 2) transaction!.commit()
          return polls === 1 ? records.slice(0, 3) : polls === 2 ? records.slice(3) : []
        },
      }),
    })
    const ended = eos.run.run()
    await eventually('both are committed', () => eos.committed.length === 2)
    eos.run.stop()
    await ended
    expect(eos.committed).toEqual([
      [...outOf(1, 2), 'positions=2'],
      [...outOf(3, 4, 5), 'positions=5'],
    ])
  })

  test('an aborted transaction is never seen, and the positions move over it in the next one', async () => {
    const records = [1, 2, 3, 4].map((n) => sourceRecord(n))
    let polls = 0
    const eos = new TransactionalRun('connector', {
      task: ({ transaction }) => ({
        poll: async () => {
          polls += 1
          if (polls > 1) return []
          transaction!.abort(records[1])
          transaction!.commit()
          return records
        },
      }),
    })
    const ended = eos.run.run()
    await eventually('both have ended', () => eos.committed.length === 2)
    eos.run.stop()
    await ended
    expect(eos.producer.ended).toEqual([
      { how: 'abort', records: outOf(1, 2) },
      { how: 'commit', records: ['positions=2'] },
      { how: 'commit', records: [...outOf(3, 4), 'positions=4'] },
    ])
    expect(eos.run.counts.progress()).toMatchObject({ polled: 4, produced: 2, dropped: 2 })
  })

  test.each(['batch', 'record'])(
    'both a commit and an abort behind the same %s fail the task, and nothing is seen',
    async (what) => {
      const record = sourceRecord(1)
      const eos = new TransactionalRun('connector', {
        task: ({ transaction }) => ({
          poll: async () => {
            const last = what === 'record' ? record : undefined
            transaction!.commit(last)
            transaction!.abort(last)
            return [record]
          },
        }),
      })
      expect(await eos.run.run()).toMatchObject({ code: 'TASK_FAILED' })
      expect(eos.committed).toEqual([])
    },
  )

  test('what a clean stop finds open stays unseen, unless the connector had asked for its end', async () => {
    for (const asks of [false, true]) {
      const eos = new TransactionalRun('connector', { task: () => ({ poll: batches([sourceRecord(1)]) }) })
      const ended = eos.run.run()
      await eventually('begun', () => eos.producer.begun === 1)
      eos.run.control.pause()
      await eventually('paused', () => eos.run.told.at(-1) === 'PAUSED')
      if (asks) eos.requests.commit()
      eos.run.stop()
      expect(await ended).toBeUndefined()
      expect(eos.committed).toEqual(asks ? [['out=1', 'positions=1']] : [])
    }
  })

  test('a record that a transform drops still ends the transaction that it was named for', async () => {
    const records = [sourceRecord(1), sourceRecord(2, { value: 'drop' })]
    const eos = new TransactionalRun('connector', {
      task: ({ transaction }) => {
        const poll = batches(records)
        transaction!.commit(records[1])
        return { poll }
      },
      chain: (record) => (record.value === 'drop' ? null : record),
    })
    const ended = eos.run.run()
    await eventually('committed', () => eos.committed.length === 1)
    eos.run.stop()
    await ended
    expect(eos.committed).toEqual([['out=1', 'positions=2']])
  })
})

describe('when something fails', () => {
  const everything = { tolerance: { tolerance: 'all' as const }, deadLetters: true }

  test('a record that the broker refuses fails the task, whatever is tolerated, and nothing is committed', async () => {
    const eos = new TransactionalRun('interval', {
      ...everything,
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)]) }),
    })
    eos.producer.refusal = new SluiceError('KAFKA_REFUSED', 'no room')
    expect(await eos.run.run()).toMatchObject({ code: 'KAFKA_REFUSED' })
    expect(eos.committed).toEqual([])
    expect(eos.positions.told).toEqual([])
  })

  test('a commit that fails fails the task, and its positions are told to nobody', async () => {
    const settled: unknown[] = []
    const eos = new TransactionalRun('poll', {
      ...everything,
      task: () => ({ poll: batches([sourceRecord(1)]), settled: async (at) => void settled.push(at) }),
    })
    eos.producer.commitRefusal = new SluiceError('KAFKA_FENCED', 'somebody else')
    const error = (await eos.run.run()) as SluiceError
    expect(error).toMatchObject({ code: 'KAFKA_FENCED', message: 'A transaction of the source could not be committed' })
    expect(error.remedy).toContain('transaction.timeout.ms')
    expect([settled, eos.positions.told, eos.run.counts.progress().produced]).toEqual([[], [], 0])
  })

  test.each(['poll', 'interval', 'connector'] as const)(
    'a poll that fails commits nothing of what is open, with the boundary %s',
    async (boundary) => {
      const first: SourceRecord[] = [sourceRecord(1)]
      const eos = new TransactionalRun(boundary, {
        task: () => ({
          poll: async () => {
            const [record] = first.splice(0)
            if (record === undefined) throw new Error('gone')
            return [record]
          },
        }),
      })
      expect(await eos.run.run()).toMatchObject({ message: 'gone' })
      // With `poll` the transaction before the failure had been asked to end already.
      expect(eos.committed).toEqual(boundary === 'poll' ? [['out=1', 'positions=1']] : [])
    },
  )

  test('a record that nobody tolerates commits nothing of its batch', async () => {
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2)]) }),
      chain: (record) => {
        if (record.value === '2') throw new DataError('two')
        return record
      },
    })
    expect(await eos.run.run()).toMatchObject({ code: 'TASK_FAILED' })
    expect(eos.producer.begun).toBe(0)
  })

  test('a source that writes to the topic of its own positions fails with a sentence, before anything is sent', async () => {
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1, { topic: 'positions' })]) }),
      positionTopic: 'positions',
    })
    expect(await eos.run.run()).toMatchObject({ code: 'TASK_FAILED', place: { topic: 'positions' } })
    expect(eos.producer.begun).toBe(0)
  })
})

describe('a host', () => {
  test('pauses it behind a committed transaction, and lets it go on', async () => {
    const records = [1, 2, 3].map((n) => [sourceRecord(n)])
    const eos = new TransactionalRun('interval', {
      task: () => ({ poll: batches(...records) }),
      clock: new FakeClock(),
    })
    const ended = eos.run.run()
    await eventually('all polled', () => eos.run.counts.progress().polled === 3)
    eos.run.control.pause()
    await eventually('paused', () => eos.run.told.at(-1) === 'PAUSED')
    expect(eos.committed).toEqual([[...outOf(1, 2, 3), 'positions=3']])
    eos.run.control.resume()
    await eventually('running', () => eos.run.told.at(-1) === 'RUNNING')
    eos.run.stop()
    expect(await ended).toBeUndefined()
  })

  test('that has left it behind hears nothing more, and nothing more is committed', async () => {
    const settled: unknown[] = []
    const eos = new TransactionalRun('interval', {
      task: () => ({ poll: batches([sourceRecord(1)]), settled: async (at) => void settled.push(at) }),
      clock: new FakeClock(),
    })
    const ended = eos.run.run()
    await eventually('begun', () => eos.producer.begun === 1)
    eos.run.control.cancel()
    eos.run.stop()
    expect(await ended).toBeUndefined()
    expect([eos.committed, settled, eos.run.told]).toEqual([[], [], ['RUNNING']])
    expect(eos.producer.closedWith).toBe(0)
  })

  test('that has left it behind while a transaction ended hears nothing of that either', async () => {
    const settled: unknown[] = []
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1)]), settled: async (at) => void settled.push(at) }),
    })
    const gate = Promise.withResolvers<void>()
    eos.producer.gate = gate.promise
    const ended = eos.run.run()
    await eventually('it is being committed', () => eos.producer.commits === 1)
    eos.run.stop()
    await systemClock.sleep(10)
    eos.run.control.cancel()
    gate.resolve()
    expect(await ended).toBeUndefined()
    expect([settled, eos.run.told]).toEqual([[], ['RUNNING']])
  })
})
