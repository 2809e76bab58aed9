import { test } from '@jest/globals'
import fs from 'node:fs/promises'
import { fileSink, fileSource } from '@sluice/connector-file'
import type { RawSettings, Value } from '@sluice/sdk'
import { sinkContract, sourceContract } from '@sluice/sdk/testing'
import { sourceInChunksOf } from './reading.ts'
import { temporaryFile, temporaryPath } from './temporary-files.ts'

const missing = { file: '/no/such/file', topic: 't' }

function source(
  name: string,
  content: string | Buffer,
  settings: RawSettings,
  values: readonly Value[],
  diverted = 0,
): void {
  sourceContract((promise, body) => test(`${name}: ${promise}`, body), {
    connector: sourceInChunksOf(7),
    prepare: async () => {
      const file = temporaryFile(content)
      return { settings: { file, topic: 't', ...settings }, values, diverted, dispose: () => fs.rm(file) }
    },
    unavailable: missing,
  })
}

source('lines', 'a\n\nbär\r\nc\rd\nheld back', { 'batch.size': '2' }, ['a', '', 'bär', 'c', 'd'])
source('bad lines', Buffer.from('a\n\xff\n\xfe\nb\n', 'latin1'), {}, ['a', 'b'], 2)
source(
  'csv',
  'id,name\n1,"a\nb"\n\n2,"broken\n3\n4,"ok"\n5,"to the end',
  { format: 'csv', 'key.field': 'id', 'last.line': 'read' },
  [
    { id: '1', name: 'a\nb' },
    { id: '4', name: 'ok' },
  ],
  3,
)
source(
  'ndjson',
  '{"id":1}\n{"id":\n\n[2]\n"x"',
  { format: 'ndjson', 'key.field': 'id', 'last.line': 'read' },
  [{ id: 1 }, [2], 'x'],
  1,
)
source('nothing', '', { format: 'csv' }, [])

sourceContract(test, {
  connector: fileSource,
  prepare: async () => ({ settings: { file: temporaryFile('a\nb\n'), topic: 't' }, values: ['a', 'b'] }),
  unavailable: missing,
})

sinkContract(test, {
  connector: fileSink,
  prepare: async () => {
    const file = temporaryPath()
    const read = async (): Promise<readonly string[]> => (await fs.readFile(file, 'utf8')).split('\n').slice(0, -1)
    return { settings: { file }, values: ['a', 'b', 'c', 'd', 'e'], read }
  },
  bad: { value: Number.NaN },
  unavailable: { file: '/no/such/folder/file' },
})
