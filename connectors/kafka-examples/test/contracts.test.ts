import { beforeAll, afterAll, jest, test } from '@jest/globals'
import fs from 'node:fs/promises'
import { fileStreamSink, fileStreamSource, schemaSource, verifiableSink } from '@sluice/connector-kafka-examples'
import type { Value } from '@sluice/sdk'
import { sinkContract, sourceContract } from '@sluice/sdk/testing'
import { FileStreamSourceTask } from '../src/file-stream-source-task.ts'
import { temporaryFile, temporaryPath } from './temporary-files.ts'

// What these connectors print is of no interest here.
let print: ReturnType<typeof jest.spyOn>
const printed: string[] = []
beforeAll(() => {
  print = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text))
    return true
  })
})
afterAll(() => {
  print.mockRestore()
})

function sourceInChunksOf(chunkBytes: number | undefined): typeof fileStreamSource {
  return {
    ...fileStreamSource,
    createTask: (settings, context) => new FileStreamSourceTask(settings, context, chunkBytes),
  }
}

function lines(name: string, content: string, values: readonly Value[], chunkBytes?: number): void {
  sourceContract((promise, body) => test(`${name}: ${promise}`, body), {
    connector: sourceInChunksOf(chunkBytes),
    prepare: async () => {
      const file = temporaryFile(content)
      return { settings: { file, topic: 't', 'batch.size': '2' }, values, dispose: () => fs.rm(file) }
    },
    unavailable: { file: '/', topic: 't' },
  })
}

const CONTENT = 'a\n\nbär\r\nc\rd\n🜁\nheld back'
const VALUES = ['a', '', 'bär', 'c', 'd', '🜁']
lines('lines in chunks of 1', CONTENT, VALUES, 1)
lines('lines in chunks of 3', CONTENT, VALUES, 3)
lines('lines at once', CONTENT, VALUES)
lines('lines that end in carriage returns alone', 'a\rb\r\rheld back', ['a', 'b', ''])
lines('nothing', '', [])
const LONG = Array.from({ length: 60 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(10_000 + i))
lines('more lines than are read at once', `${LONG.join('\n')}\n`, LONG)

sourceContract(test, {
  connector: schemaSource,
  prepare: async () => ({
    settings: { topic: 't', 'num.messages': '5', throughput: '-1', 'multiple.schema': 'true', 'partition.count': '2' },
    values: [0, 1, 2, 3, 4].map((seqno) => ({
      boolean: true,
      int: 12,
      long: 12,
      float: 12.2,
      double: 12.2,
      partitioning: seqno % 2,
      ...(seqno % 2 === 0 ? {} : { string: 'def' }),
      id: 0,
      seqno,
    })),
  }),
})

sinkContract(test, {
  connector: fileStreamSink,
  prepare: async () => {
    const file = temporaryPath()
    const read = async (): Promise<readonly string[]> => (await fs.readFile(file, 'utf8')).split('\n').slice(0, -1)
    return { settings: { file }, values: ['a', 'b', 'c', 'd', 'e'], read }
  },
  unavailable: { file: '/no/such/folder/file' },
})

sinkContract(test, {
  connector: verifiableSink,
  prepare: async () => {
    printed.length = 0
    const facts = (): readonly { seqno: Value; flushed?: boolean }[] =>
      printed
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line) as { seqno: Value; flushed?: boolean })
    return {
      settings: {},
      values: [0, 1, 2, 3],
      read: async () => facts().flatMap(({ seqno, flushed }) => (flushed === true ? [seqno] : [])),
    }
  },
})
