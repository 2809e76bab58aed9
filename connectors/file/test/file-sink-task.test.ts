import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import type { RawSettings, Value } from '@sluice/sdk'
import { sinkRecord, SinkRun } from '@sluice/sdk/testing'
import { fileSink } from '../src/index.ts'
import { temporaryFile, temporaryPath } from './temporary-files.ts'

async function write(values: readonly Value[], settings: RawSettings): Promise<SinkRun> {
  const run = new SinkRun(fileSink, settings)
  await run.start([{ topic: 't', partition: 0 }])
  await run.put(values.map((value, offset) => sinkRecord({ topic: 't', partition: 0, offset }, value)))
  await run.flush(true)
  await run.stop()
  return run
}

describe('lines', () => {
  test('are strings as they are and anything else as JSON', async () => {
    const file = temporaryPath()
    const values = [
      'plain "text"',
      { a: 1, b: null },
      9007199254740993n,
      new Uint8Array([1, 2]),
      new Map([['k', 1]]),
      null,
      true,
    ]
    await write(values, { file })
    expect(fs.readFileSync(file, 'utf8')).toBe(
      'plain "text"\n{"a":1,"b":null}\n9007199254740993\n"AQI="\n{"k":1}\nnull\ntrue\n',
    )
  })

  test('of ndjson are JSON throughout, so that a string with line ends is still one line', async () => {
    const file = temporaryPath()
    await write(['a\nb', [Buffer.from('c')]], { file, format: 'ndjson' })
    expect(fs.readFileSync(file, 'utf8')).toBe('"a\\nb"\n["Yw=="]\n')
  })

  test('are appended to what is there; half a line of a process that was killed is closed first', async () => {
    const file = temporaryFile('before\n{"half":')
    const run = await write(['after'], { file })
    expect(fs.readFileSync(file, 'utf8')).toBe('before\n{"half":\nafter\n')
    expect(run.context.logger.lines[0]?.message).toContain('The file ends within a line')
  })
})

test('a record that JSON has no text for is reported with the field that is to blame', async () => {
  const file = temporaryPath()
  const run = await write(['a', { x: { y: Infinity } }, 'b'], { file })
  expect(fs.readFileSync(file, 'utf8')).toBe('a\nb\n')
  expect(run.context.reported[0]?.error).toMatchObject({ code: 'DATA_INVALID', place: { field: 'y' } })
})

test('a disk that refuses: the records are asked for again, and nothing of the failed attempt stays', async () => {
  if (!fs.existsSync('/dev/full')) {
    console.warn('left out: there is no /dev/full here')
    return
  }
  const run = new SinkRun(fileSink, { file: '/dev/full' })
  await run.start([{ topic: 't', partition: 0 }])
  await expect(run.put([sinkRecord({ topic: 't', partition: 0, offset: 0 }, 'a')])).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retriable: true,
  })
  await run.stop()
})
