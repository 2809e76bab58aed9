/** Printing keeps pace with whoever reads, and a sample with the clock. */
import { describe, expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { at, printing } from './printing.ts'

const records = (from: number, count: number): ReturnType<typeof at>[] =>
  Array.from({ length: count }, (_, i) => at(from + i))
const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 5))

describe('back-pressure', () => {
  test('a put ends when its lines were taken, and no sooner', async () => {
    const { run, paper } = await printing()
    paper.isHeld = true
    let isDone = false
    const put = run.put(records(0, 3)).then(() => (isDone = true))
    await settle()
    expect(isDone).toBe(false)
    paper.release()
    await put
    expect(paper.lines).toHaveLength(3)
    await run.stop()
  })

  test('of many lines few are under way at once', async () => {
    const { run, paper } = await printing()
    paper.isHeld = true
    const put = run.put(records(0, 10_000))
    await settle()
    expect(paper.writableLength).toBeLessThan(10_000)
    paper.release()
    await put
    expect(paper.lines).toHaveLength(10_000)
    await run.stop()
  })

  test('what nobody takes in time is put again, and nothing more is written before it has gone', async () => {
    const { run, paper, clock } = await printing()
    paper.isHeld = true
    for (let attempt = 0; attempt < 3; attempt++) {
      const put = run.put(records(0, 3))
      await settle()
      clock.advance(15_000)
      await expect(put).rejects.toMatchObject({ retriable: true, code: 'STORE_UNAVAILABLE' })
      expect(paper.writableLength).toBeLessThan(100)
    }
    paper.release()
    await run.put(records(0, 3))
    expect(new Set(paper.lines).size).toBe(3)
    await run.stop()
  })

  test('a put ends at once when the task is to stop', async () => {
    const { run, paper } = await printing()
    paper.isHeld = true
    const put = run.put(records(0, 3)).catch((error: unknown) => error)
    await settle()
    await run.stop()
    expect(await put).toBeInstanceOf(SluiceError)
  })

  test('a reader that has gone is an error of the put, not the end of the process', async () => {
    const { run, paper } = await printing()
    paper.destroy()
    await expect(run.put(records(0, 1))).rejects.toMatchObject({ retriable: true, code: 'STORE_UNAVAILABLE' })
    await run.stop()
  })

  test('leaves no listeners behind', async () => {
    const { run, paper } = await printing()
    await run.put(records(0, 1000))
    await run.stop()
    expect(paper.listenerCount('error')).toBe(0)
  })
})

describe('a sample', () => {
  test('has so many records in a second, evenly from what comes; the others are dropped, and told of', async () => {
    const { run, paper, clock } = await printing({ 'records.per.second': '4', template: '{offset}' })
    await run.put(records(0, 100))
    expect(paper.lines).toEqual(['0', '25', '50', '75'])
    expect(run.context.dropped).toHaveLength(96)
    await run.put(records(100, 50))
    expect(paper.lines).toHaveLength(4)
    clock.advance(500)
    await run.put(records(150, 2))
    expect(paper.lines.slice(4)).toEqual(['… 146 records not shown', '150', '151'])
    clock.advance(60_000)
    await run.put(records(152, 100))
    expect(paper.lines.slice(7)).toHaveLength(4)
    expect(run.context.dropped.every(({ reason }) => reason === 'sampled')).toBe(true)
    expect(await run.flush()).toEqual([{ topic: 't', partition: 0, offset: 252 }])
    await run.stop()
  })

  test('slower than one in a second has its record', async () => {
    const { run, paper, clock } = await printing({ 'records.per.second': '0.1', format: 'json' })
    for (let second = 0; second < 30; second++) {
      await run.put(records(second * 10, 10))
      clock.advance(1000)
    }
    expect(paper.lines).toHaveLength(3)
    for (const line of paper.lines) expect(JSON.parse(line)).toHaveProperty('value')
    await run.stop()
  })
})
