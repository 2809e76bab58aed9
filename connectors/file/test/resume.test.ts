import { expect, test } from '@jest/globals'
import fs from 'node:fs'
import * as fc from 'fast-check'
import type { RawSettings, SourcePosition } from '@sluice/sdk'
import type { SourceEvent } from '@sluice/sdk/testing'
import type { FilePosition } from '../src/position.ts'
import { readFile } from './reading.ts'
import { temporaryPath } from './temporary-files.ts'

const RUNS = { numRuns: 300 }

/** What a row is made of, and what goes wrong in one. */
const piece = fc.constantFrom(
  'a',
  'b,',
  ',',
  '"',
  '""',
  '\n',
  '\r\n',
  '\r',
  'ü',
  '😀',
  '{"a":1}',
  '[2]\n',
  '"x"\n',
  'x,y\n',
  '"p\nq",z\r\n',
  '\xff',
)
const content = fc
  .array(piece, { maxLength: 40 })
  .map((pieces) => Buffer.concat(pieces.map((text) => (text === '\xff' ? Buffer.from([0xff]) : Buffer.from(text)))))
const settings = fc.record({
  format: fc.constantFrom('lines', 'csv', 'ndjson'),
  'last.line': fc.constantFrom('wait', 'read'),
  'batch.size': fc.integer({ min: 1, max: 5 }).map(String),
  'csv.header': fc.constant('false'),
  'csv.columns': fc.constant('one,two'),
})
const chunkBytes = fc.integer({ min: 1, max: 20 })

function told(events: readonly SourceEvent[]): readonly unknown[] {
  return events.map(({ record, diverted, position }) => ({
    value: record?.value,
    bytes: diverted === null ? undefined : Buffer.from(diverted.bytes).toString('hex'),
    reason: diverted?.reason,
    position,
  }))
}

async function inFile(bytes: Buffer, body: (file: string) => Promise<void>): Promise<void> {
  const file = temporaryPath()
  fs.writeFileSync(file, bytes)
  try {
    await body(file)
  } finally {
    fs.rmSync(file)
  }
}

test('whatever the file, the reads and the batches: taken up at any position, the same comes as without a break', async () => {
  const property = fc.asyncProperty(
    content,
    settings,
    chunkBytes,
    fc.nat(),
    async (bytes, raw: RawSettings, chunk, pick) =>
      inFile(bytes, async (file) => {
        const whole = await readFile(file, raw)
        expect(told(await readFile(file, raw, { chunkBytes: chunk }))).toEqual(told(whole))
        const at = pick % (whole.length + 1)
        const position = whole[at - 1]?.position
        const rest = await readFile(file, raw, { chunkBytes: chunk, ...(position === undefined ? {} : { position }) })
        expect(told(rest)).toEqual(told(whole.slice(at)))
      }),
  )
  await fc.assert(property, RUNS)
})

test('every line is accounted for: a record, diverted, or skipped; and diverted bytes are the file’s', async () => {
  const property = fc.asyncProperty(content, settings, async (bytes, raw: RawSettings) =>
    inFile(bytes, async (file) => {
      const events = await readFile(file, raw)
      let before = 0
      for (const { diverted, position } of events) {
        const { position: end, line, records, diverted: bad, skipped } = position as FilePosition
        expect(line).toBe(records + bad + skipped)
        if (diverted !== null) expect(bytes.subarray(before, end).includes(Buffer.from(diverted.bytes))).toBe(true)
        before = end
      }
      const last = events.at(-1)?.position as FilePosition | undefined
      if (last === undefined) return
      expect(last.records + last.diverted).toBe(events.length)
      if (raw['last.line'] === 'read') expect(last.position).toBe(bytes.length)
    }),
  )
  await fc.assert(property, RUNS)
})

test('a file that grows between polls gives what it gives when it is read at once', async () => {
  const property = fc.asyncProperty(content, content, settings, async (first, second, raw: RawSettings) => {
    const waiting = { ...raw, 'last.line': 'wait' }
    await inFile(Buffer.concat([first, second]), async (file) => {
      const whole = await readFile(file, waiting)
      fs.writeFileSync(file, first)
      const begun = await readFile(file, waiting)
      fs.appendFileSync(file, second)
      const position: SourcePosition | undefined = begun.at(-1)?.position
      const rest = await readFile(file, waiting, position === undefined ? {} : { position })
      const values = (events: readonly SourceEvent[]) =>
        events.map(({ record, diverted }) => record?.value ?? diverted?.reason)
      expect([...values(begun), ...values(rest)]).toEqual(values(whole))
    })
  })
  await fc.assert(property, RUNS)
})
