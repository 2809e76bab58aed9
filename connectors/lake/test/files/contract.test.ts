import { describe, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, Value } from '@sluice/sdk'
import { FileStore } from '@sluice/object-store'
import { S3TestServer } from '@sluice/object-store/testing'
import { sinkContract } from '@sluice/sdk/testing'
import { filesSink } from '@sluice/connector-lake'
import { LakeFolder } from '../lake-folder.ts'
import { filesIn, textOf } from './file-runs.ts'

const valueSchema = struct({ id: primitive('int32'), name: primitive('string', { optional: true }) })
const values = ['a', null, 'c', 'dä', 'e'].map((name, id) => ({ id, name }))
const shared = {
  connector: filesSink,
  bad: { value: { id: 'seven', name: 'x' }, schema: valueSchema },
}
const settingsOf = (more: RawSettings): RawSettings => ({ 'format.class': 'json', 'flush.size': '1000', ...more })

async function linesIn(store: Parameters<typeof filesIn>[0]): Promise<Value[]> {
  const texts = await Promise.all((await filesIn(store)).map((path) => textOf(store, path)))
  return texts.flatMap((text) => text.trimEnd().split('\n')).map((line) => JSON.parse(line) as Value)
}

function inFolder(more: RawSettings, isExact: boolean): void {
  sinkContract((name, body) => test(name, body), {
    ...shared,
    exactlyOnce: isExact,
    unavailable: settingsOf({ 'lake.url': '/proc/no/such/folder' }),
    prepare: async () => {
      const folder = await LakeFolder.make()
      return {
        settings: settingsOf({ 'lake.url': folder.path, ...more }),
        values,
        valueSchema,
        read: () => linesIn(new FileStore(folder.path)),
        dispose: () => folder.remove(),
      }
    },
  })
}

describe('files end as late as they may', () => inFolder({}, true))
describe('files end with every record', () => inFolder({ 'flush.size': '1' }, true))
describe('in folders by time', () => inFolder({ 'partitioner.class': 'daily', 'timestamp.extractor': 'Record' }, true))

describe('on S3', () => {
  sinkContract((name, body) => test(name, body), {
    ...shared,
    exactlyOnce: true,
    prepare: async () => {
      const server = await S3TestServer.start()
      return {
        settings: settingsOf({ 'lake.url': 's3://lake', ...server.settings }),
        values,
        valueSchema,
        read: () => linesIn(server.open('lake')),
        dispose: () => server.stop(),
      }
    },
  })
})
