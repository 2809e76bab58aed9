import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import { SluiceError } from '@sluice/sdk'
import type { RawSettings } from '@sluice/sdk'
import { FakeSourceContext, SourceRun } from '@sluice/sdk/testing'
import { fileSource } from '../src/index.ts'
import { divertedOf, readFile, sourceInChunksOf, valuesOf } from './reading.ts'
import { temporaryFile, temporaryPath } from './temporary-files.ts'

const MIB = 1_048_576

async function errorOf(work: Promise<unknown>): Promise<SluiceError> {
  try {
    await work
  } catch (error) {
    if (error instanceof SluiceError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

async function started(
  file: string,
  settings: RawSettings = {},
  context = new FakeSourceContext(),
): Promise<SourceRun> {
  const run = new SourceRun(fileSource, { file, topic: 't', ...settings }, context)
  await run.start()
  return run
}

describe('records', () => {
  test('of lines: strings with their schema, in the partition and with the position of FileStreamSource and the counts', async () => {
    const file = temporaryFile('a\nb\n')
    const [, second] = await readFile(file)
    expect(second?.record).toEqual({
      topic: 't',
      partition: null,
      keySchema: null,
      key: null,
      valueSchema: { type: 'string', optional: false },
      value: 'b',
      timestamp: null,
      headers: null,
      sourcePartition: { filename: file },
      sourcePosition: { position: 4, line: 2, records: 2, diverted: 0, skipped: 0 },
    })
  })

  test('of a poll are at most batch.size', async () => {
    const run = await started(temporaryFile('1\n2\n3\n'), { 'batch.size': '2' })
    expect(await run.poll()).toHaveLength(2)
    expect(await run.poll()).toHaveLength(1)
    expect(await run.poll()).toHaveLength(0)
    await run.stop()
  })

  test('of CSV: structs of strings, the key column as key; an empty cell is an empty string', async () => {
    const [event] = await readFile(temporaryFile('id,name\n7,\n'), { format: 'csv', 'key.field': 'id' })
    expect(event?.record).toMatchObject({
      keySchema: { type: 'string' },
      key: '7',
      valueSchema: { type: 'struct', fields: [{ name: 'id' }, { name: 'name' }] },
      value: { id: '7', name: '' },
      sourcePosition: { position: 11, line: 2, records: 1, diverted: 0, skipped: 1 },
    })
  })

  test('of NDJSON: values without schema, integers beyond 2^53 exact', async () => {
    const file = temporaryFile('{"id":9007199254740993,"n":1.5,"deep":[{"m":-12345678901234567890}]}\n')
    const [event] = await readFile(file, { format: 'ndjson', 'key.field': 'id' })
    expect(event?.record).toMatchObject({ valueSchema: null, keySchema: null, key: 9007199254740993n })
    expect(event?.record?.value).toEqual({ id: 9007199254740993n, n: 1.5, deep: [{ m: -12345678901234567890n }] })
  })
})

describe('a file at its end', () => {
  test('whose last line has no line end: it is held back, or read, as last.line says', async () => {
    const file = temporaryFile('a\nb')
    expect(valuesOf(await readFile(file))).toEqual(['a'])
    const read = await readFile(file, { 'last.line': 'read' })
    expect(valuesOf(read)).toEqual(['a', 'b'])
    expect(read.at(-1)?.position).toMatchObject({ position: 3 })
  })

  test('is followed as it grows', async () => {
    const file = temporaryFile('a\nb')
    const run = await started(file)
    await run.drain()
    fs.appendFileSync(file, 'c\nd\n')
    await run.drain()
    expect(run.records.map(({ value }) => value)).toEqual(['a', 'bc', 'd'])
    await run.stop()
  })

  test('has a position equal to its size, also when blank lines come last and the batch is full', async () => {
    const content = 'id\n1\n2\n\n\n'
    const events = await readFile(temporaryFile(content), { format: 'csv', 'batch.size': '2' }, { chunkBytes: 5 })
    expect(events).toHaveLength(2)
    expect(events.at(-1)?.position).toEqual({ position: content.length, line: 5, records: 2, diverted: 0, skipped: 3 })
  })

  test('tells its size and how far it was read as metrics, also when there was nothing to make a record of', async () => {
    const run = await started(temporaryFile('id,name\n'), { format: 'csv' })
    await run.drain()
    const labels = { connector: 'test', task: '0' }
    expect(run.context.metrics.value('sluice_file_source_position_bytes', labels)).toBe(8)
    expect(run.context.metrics.value('sluice_file_source_size_bytes', labels)).toBe(8)
    await run.stop()
  })

  test('read to its last line without line end: the line end that comes later is no line of its own', async () => {
    for (const lineEnd of ['\n', '\r\n']) {
      const file = temporaryFile('a\nb')
      const run = await started(file, { 'last.line': 'read' })
      await run.drain()
      await run.settle()
      fs.appendFileSync(file, `${lineEnd}c`)
      await run.drain()
      expect(run.records.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
      expect(run.records.at(-1)?.sourcePosition).toMatchObject({ line: 3, records: 3, skipped: 0 })
      const again = await started(file, { 'last.line': 'read' }, run.context)
      expect((await again.drain()).map(({ value }) => value)).toEqual(['c'])
      await run.stop()
      await again.stop()
    }
  })

  test('read to its last line, which is then continued: an error, not half a line', async () => {
    const file = temporaryFile('a\nb')
    const run = await started(file, { 'last.line': 'read' })
    await run.drain()
    fs.appendFileSync(file, 'b\n')
    const error = await errorOf(run.poll())
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(error.place).toEqual({ file, line: 2, position: 3 })
    expect(error.remedy).toContain('last.line=wait')
    await run.stop()
  })
})

describe('a file that is not what it was', () => {
  test('that became shorter while it was read', async () => {
    const file = temporaryFile('a\nb\n')
    const run = await started(file)
    await run.drain()
    fs.truncateSync(file, 2)
    const error = await errorOf(run.poll())
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(error.message).toContain('truncated or replaced')
    expect(error.place).toEqual({ file, position: 4, size: 2 })
    await run.stop()
  })

  test('that is shorter than the stored position', async () => {
    const file = temporaryFile('a\n')
    const error = await errorOf(readFile(file, {}, { position: { position: 400 } }))
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(error.remedy).toContain('delete its stored position')
  })

  test('whose place another file has taken: the old one is read to its end first', async () => {
    const file = temporaryFile('a\n')
    const run = await started(file)
    fs.renameSync(file, `${file}.1`)
    await run.drain()
    fs.writeFileSync(file, 'new\n')
    const error = await errorOf(run.poll())
    expect(run.records.map(({ value }) => value)).toEqual(['a'])
    expect(error.code).toBe('OFFSET_OUT_OF_RANGE')
    expect(error.message).toContain('Another file has taken the place')
    await run.stop()
  })

  test('in which the stored position is within a line', async () => {
    const file = temporaryFile('abc\ndef\n')
    const error = await errorOf(readFile(file, {}, { position: { position: 2 } }))
    expect(error.message).toContain('The position is not at the beginning of a line')
  })
})

describe('a stored position', () => {
  test('of Apache Kafka’s FileStreamSource is understood, and its lines are counted', async () => {
    const events = await readFile(temporaryFile('a\nb\nc\n'), {}, { position: { position: 4 }, chunkBytes: 3 })
    expect(valuesOf(events)).toEqual(['c'])
    expect(events[0]?.position).toEqual({ position: 6, line: 3, records: 3, diverted: 0, skipped: 0 })
  })

  test.each([{}, { position: 'x' }, { position: -1 }, { position: 1.5 }, { position: 1, line: 1 }])(
    '%j is refused',
    async (position) => {
      const error = await errorOf(readFile(temporaryFile('a\n'), {}, { position }))
      expect(error.code).toBe('POSITION_UNREADABLE')
    },
  )
})

describe('a file that cannot be read', () => {
  test('because it is not there: an error that names it and the way out', async () => {
    const error = await errorOf(started('/no/such/file'))
    expect(error.code).toBe('SOURCE_UNAVAILABLE')
    expect(error.message).toBe('The file is not there (file=/no/such/file)')
    expect(error.remedy).toContain('file.missing=wait')
  })

  test('because it is not there yet, with file.missing=wait: one warning, and it is read when it appears', async () => {
    const file = temporaryPath()
    const run = await started(file, { 'file.missing': 'wait' })
    await run.poll()
    await run.poll()
    fs.writeFileSync(file, 'a\n')
    expect((await run.poll()).map(({ value }) => value)).toEqual(['a'])
    const { lines } = run.context.logger
    expect(lines.map(({ message }) => message)).toEqual(['Waiting for the file to appear'])
    await run.stop()
  })

  test('because it is a folder', async () => {
    const error = await errorOf(started('/tmp'))
    expect(error.code).toBe('SOURCE_UNAVAILABLE')
    expect(error.message).toBe('Not a file (file=/tmp)')
  })

  test('because it is empty: there is nothing, and no error', async () => {
    for (const format of ['lines', 'ndjson', 'csv']) expect(await readFile(temporaryFile(''), { format })).toEqual([])
  })
})

describe('long lines', () => {
  test('a line of exactly line.bytes.max passes, whatever its line end', async () => {
    for (const lineEnd of ['\n', '\r\n']) {
      const file = temporaryFile(`12345${lineEnd}é234${lineEnd}`)
      const events = await readFile(file, { 'line.bytes.max': '5' }, { chunkBytes: 1 })
      expect(valuesOf(events)).toEqual(['12345', 'é234'])
    }
  })

  test('one byte more: what is before comes, then an error that names file, line and remedy', async () => {
    for (const [line, chunkBytes] of [
      ['123456', 1],
      ['123456', 1000],
      ['é2345', 1000],
    ] as const) {
      const file = temporaryFile(`ok\n${line}\nnext\n`)
      const run = new SourceRun(sourceInChunksOf(chunkBytes), { file, topic: 't', 'line.bytes.max': '5' })
      await run.start()
      const error = await errorOf(run.drain())
      expect(run.records.map(({ value }) => value)).toEqual(['ok'])
      expect(error.code).toBe('RECORD_TOO_LARGE')
      expect(error.place).toEqual({ file, line: 2, column: 6 })
      expect(error.remedy).toContain('line.bytes.max')
      await run.stop()
    }
  })

  test.each(['lines', 'csv', 'ndjson'])(
    '50 MB in one line of %s: an error, without holding it in memory',
    async (format) => {
      const file = temporaryPath()
      fs.writeFileSync(file, 'a\n')
      const piece = Buffer.alloc(5 * MIB, 'x')
      for (let i = 0; i < 10; i++) fs.appendFileSync(file, piece)
      const before = process.memoryUsage()
      const run = await started(file, { format })
      const error = await errorOf(run.drain())
      const after = process.memoryUsage()
      expect(error.code).toBe('RECORD_TOO_LARGE')
      const held = after.arrayBuffers - before.arrayBuffers + after.heapUsed - before.heapUsed
      expect(held).toBeLessThan(16 * MIB)
      await run.stop()
      fs.rmSync(file)
    },
  )
})

describe('lines that cannot be read', () => {
  const csv = { format: 'csv', 'last.line': 'read' }

  test('invalid UTF-8 is diverted byte by byte as it is, and the lines around it are read', async () => {
    const file = temporaryFile(Buffer.from('a\nb\xe9c\r\n\xc3\xa9\n', 'latin1'))
    const events = await readFile(file)
    expect(valuesOf(events)).toEqual(['a', 'é'])
    expect(divertedOf(events)).toEqual([{ code: 'invalid-utf8', line: 2, column: 2, bytes: 'b\xe9c' }])
    expect(events[1]?.diverted?.reason.place['file']).toBe(file)
  })

  test('a CSV row of the wrong width', async () => {
    const events = await readFile(temporaryFile('a,b\n1\n1,2\n1,2,3\n'), csv)
    expect(valuesOf(events)).toEqual([{ a: '1', b: '2' }])
    expect(divertedOf(events)).toEqual([
      { code: 'csv-row-width', line: 2, column: 2, bytes: '1' },
      { code: 'csv-row-width', line: 4, column: 6, bytes: '1,2,3' },
    ])
    expect(events[0]?.diverted?.reason.message).toBe('The row has 1 cells where there are 2 columns')
  })

  test('a CSV row of the wrong width over several lines is diverted as a whole', async () => {
    const events = await readFile(temporaryFile('a,b\n"1\n2"\n1,2\n'), csv)
    expect(divertedOf(events)).toEqual([{ code: 'csv-row-width', line: 3, column: 3, bytes: '"1\n2"' }])
    expect(events.at(-1)?.position).toEqual({ position: 14, line: 4, records: 1, diverted: 1, skipped: 2 })
  })

  test('a quote that is never closed costs its line, not the rest of the file', async () => {
    const events = await readFile(temporaryFile('a,b\n1,"x\n2,y\n3,z\n'), csv)
    expect(valuesOf(events)).toEqual([
      { a: '2', b: 'y' },
      { a: '3', b: 'z' },
    ])
    expect(divertedOf(events)).toEqual([{ code: 'csv-quote-unclosed', line: 2, column: 3, bytes: '1,"x' }])
  })

  test('a quote that is not closed within line.bytes.max costs its line too, and does not wait for the end', async () => {
    const rows = Array.from({ length: 20 }, (_, i) => `${i},yyyyyyyy\n`).join('')
    for (const chunkBytes of [3, 1000]) {
      const settings = { format: 'csv', 'line.bytes.max': '40' }
      const events = await readFile(temporaryFile(`a,b\n1,"x\n${rows}`), settings, { chunkBytes })
      expect(valuesOf(events)).toHaveLength(20)
      expect(divertedOf(events)).toEqual([{ code: 'csv-quote-unclosed', line: 2, column: 3, bytes: '1,"x' }])
    }
  })

  test('an open quote at the end of a file that grows is no error yet', async () => {
    const file = temporaryFile('a,b\n1,"x\n')
    const run = await started(file, { format: 'csv' })
    await run.drain()
    expect(run.events).toEqual([])
    fs.appendFileSync(file, 'y"\n')
    await run.drain()
    expect(run.records.map(({ value }) => value)).toEqual([{ a: '1', b: 'x\ny' }])
    await run.stop()
  })

  test('text behind a closing quote, and a quote inside a cell', async () => {
    const events = await readFile(temporaryFile('a,b\n"1"x,2\n5" pipe,2\n1,2\n'), csv)
    expect(valuesOf(events)).toEqual([{ a: '1', b: '2' }])
    expect(divertedOf(events)).toEqual([
      { code: 'csv-after-quote', line: 2, column: 4, bytes: '"1"x,2' },
      { code: 'csv-quote-misplaced', line: 3, column: 2, bytes: '5" pipe,2' },
    ])
  })

  test('invalid UTF-8 in a quoted cell', async () => {
    const events = await readFile(temporaryFile(Buffer.from('a,b\n1,"\xfc"\n2,\xc3\xbc\n', 'latin1')), csv)
    expect(valuesOf(events)).toEqual([{ a: '2', b: 'ü' }])
    expect(divertedOf(events)).toEqual([{ code: 'invalid-utf8', line: 2, column: 4, bytes: '1,"\xfc"' }])
  })

  test('NDJSON that is not JSON; the reason does not repeat the line', async () => {
    const events = await readFile(temporaryFile('{"a":1}\n{"secret" 2}\n{"a":\n'), { format: 'ndjson' })
    expect(valuesOf(events)).toEqual([{ a: 1 }])
    expect(divertedOf(events)).toEqual([
      { code: 'ndjson-invalid', line: 2, column: 11, bytes: '{"secret" 2}' },
      { code: 'ndjson-invalid', line: 3, column: 6, bytes: '{"a":' },
    ])
    for (const { diverted } of events) expect(diverted?.reason.message ?? '').not.toContain('secret')
  })
})

describe('a CSV header', () => {
  test('that cannot be read stops the task, with its place', async () => {
    const file = temporaryFile('a,"b"x\n1,2\n')
    const error = await errorOf(readFile(file, { format: 'csv' }))
    expect(error.code).toBe('DATA_INVALID')
    expect(error.message).toContain('The header cannot be read')
    expect(error.place).toEqual({ file, line: 1, column: 6 })
  })

  test.each([
    ['a,b,a\n', 'Two columns are called "a"'],
    ['a,__proto__\n', 'A column cannot be called __proto__'],
    ['a,column1,\n,x', null],
  ])('%j', async (content, message) => {
    const reading = readFile(temporaryFile(content), { format: 'csv' })
    if (message === null) expect(await reading).toEqual([])
    else expect((await errorOf(reading)).message).toContain(message)
  })

  test('is waited for while it is not complete', async () => {
    const file = temporaryFile('a,')
    const run = await started(file, { format: 'csv' })
    expect(await run.poll()).toEqual([])
    fs.appendFileSync(file, 'b\n1,2\n')
    expect((await run.poll()).map(({ value }) => value)).toEqual([{ a: '1', b: '2' }])
    await run.stop()
  })

  test('without a name for a column: it is called by its number', async () => {
    const events = await readFile(temporaryFile(',b\n1,2\n'), { format: 'csv' })
    expect(valuesOf(events)).toEqual([{ column1: '1', b: '2' }])
  })

  test('gives way to csv.columns, which must name as many', async () => {
    const file = temporaryFile('a,b\n1,2\n')
    const settings = { format: 'csv', 'csv.columns': 'x,y' }
    expect(valuesOf(await readFile(file, settings))).toEqual([{ x: '1', y: '2' }])
    const error = await errorOf(readFile(file, { ...settings, 'csv.columns': 'x' }))
    expect(error.message).toContain('csv.columns names 1 columns, but the header has 2')
  })

  test('in which key.field is missing: the columns are named, and the nearest', async () => {
    const error = await errorOf(
      readFile(temporaryFile('order_id,b\n1,2\n'), { format: 'csv', 'key.field': 'order_id2' }),
    )
    expect(error.code).toBe('SETTINGS_INVALID')
    expect(error.remedy).toBe('Did you mean "order_id"? The columns are: order_id, b.')
  })
})

describe('ways to write CSV', () => {
  test.each<[string, string, RawSettings, readonly unknown[]]>([
    ['a byte order mark', '\ufeffa,b\n1,2\n', {}, [{ a: '1', b: '2' }]],
    [
      'a byte order mark without a header',
      '\ufeff1,2\n',
      { 'csv.header': 'false', 'csv.columns': 'a,b' },
      [{ a: '1', b: '2' }],
    ],
    [
      'CRLF',
      'a,b\r\n1,2\r\n\r\n"3","4"\r\n',
      {},
      [
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ],
    ],
    ['quotes, doubled quotes, line ends inside', 'a,b\n"x ""y"" z","p\r\nq"\n', {}, [{ a: 'x "y" z', b: 'p\r\nq' }]],
    ['empty cells, quoted or not', 'a,b,c\n,"",\n', {}, [{ a: '', b: '', c: '' }]],
    ['a tab', 'a\tb\n1\t2\n', { 'csv.delimiter': String.raw`\t` }, [{ a: '1', b: '2' }]],
    [
      'a semicolon and single quotes',
      "a;b\n'1;1';2\n",
      { 'csv.delimiter': ';', 'csv.quote': "'" },
      [{ a: '1;1', b: '2' }],
    ],
    ['no quoting', 'a,b\n5" pipe,"x\n', { 'csv.quote': '' }, [{ a: '5" pipe', b: '"x' }]],
    ['one column', 'a\n1\n\n"2"\n', {}, [{ a: '1' }, { a: '2' }]],
    [
      'names that look like numbers, or that objects inherit',
      '2,1,constructor\nb,a,c\n',
      {},
      [{ 1: 'a', 2: 'b', constructor: 'c' }],
    ],
  ])('%s', async (_name, content, settings, values) => {
    const raw = { format: 'csv', ...settings }
    expect(valuesOf(await readFile(temporaryFile(content), raw))).toEqual(values)
    expect(valuesOf(await readFile(temporaryFile(content), raw, { chunkBytes: 1 }))).toEqual(values)
  })
})

describe('settings', () => {
  test.each<[RawSettings, string]>([
    [{ 'key.field': 'id' }, 'key.field needs format=csv or format=ndjson'],
    [{ format: 'csv', 'csv.header': 'false' }, 'csv.columns must name the columns when csv.header=false'],
    [{ format: 'csv', 'csv.columns': 'a,a' }, 'csv.columns must hold distinct names'],
    [{ format: 'csv', 'csv.delimiter': ';;' }, 'Must be one ASCII character'],
    [{ format: 'csv', 'csv.delimiter': '"' }, 'csv.quote and csv.delimiter must be different'],
    [{ format: 'xml' }, 'String must be one of: lines, csv, ndjson'],
    [{ 'batch.size': '0' }, 'Value must be at least 1'],
  ])('%j is refused', (settings, message) => {
    expect(() => fileSource.settings.parse({ file: 'f', topic: 't', ...settings })).toThrow(message)
  })
})
