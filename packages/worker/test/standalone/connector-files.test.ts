import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { readConnectorFile } from '../../src/standalone/connector-files.ts'

let dir: string
beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'connector-files-'))
})
afterAll(() => fs.rm(dir, { recursive: true }))

async function read(text: string): ReturnType<typeof readConnectorFile> {
  const file = path.join(dir, 'connector')
  await fs.writeFile(file, text)
  return readConnectorFile(file)
}

describe('a connector’s file', () => {
  test.each<[string, string, object]>([
    ['properties', '# mine\nname = a\nconnector.class: x\n', { config: { name: 'a', 'connector.class': 'x' } }],
    [
      'a JSON object of settings; numbers and booleans as they are written, nulls left out',
      '\n {"name": "a", "tasks.max": 1.0, "b": true, "c": null}',
      { config: { name: 'a', 'tasks.max': '1.0', b: 'true' } },
    ],
    [
      'the JSON that creates it, whose config need not repeat the name',
      '{"name": "a", "config": {"connector.class": "x"}}',
      { config: { name: 'a', 'connector.class': 'x' } },
    ],
    [
      'the same with its initial state',
      '{"name": "a", "config": {"name": "a"}, "initial_state": "stopped"}',
      { config: { name: 'a' }, targetState: 'STOPPED' },
    ],
  ])('%s', async (_, text, expected) => {
    expect(await read(text)).toEqual({ ...expected, file: path.join(dir, 'connector') })
  })

  test.each([
    ['connector.class=x', /^Connector configuration at '.*connector' is missing the mandatory 'name' configuration$/],
    ['{"connector.class": "x"}', /missing the mandatory 'name'/],
    ['{"config": {"connector.class": "x"}}', /missing the mandatory 'name'/],
    [
      '{"name": "a", "config": {"name": "b"}}',
      /^Connector name configuration in 'config' doesn't match the one specified in 'name'$/,
    ],
    ['{"name": "a", "config": {}, "initial_state": "ASLEEP"}', /No enum constant .*ASLEEP[^]*line: 1/],
    ['{"name": "a", "config": {}, "more": 1}', /Unrecognized field "more"/],
    [
      '{"name": "a", "transforms": ["b"]}',
      /^It is no JSON of a connector: Cannot deserialize value of type `java\.lang\.String`/,
    ],
    ['{"name": "a",', /^It is no JSON of a connector: Unexpected end-of-input/],
    ['', /missing the mandatory 'name'/],
  ])('%s is refused with what is wrong', async (text, words) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringMatching(words) as unknown,
    })
  })

  test('that is not there is told of', async () => {
    await expect(readConnectorFile(path.join(dir, 'nowhere'))).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      message: expect.stringContaining('Cannot read the file') as unknown,
    })
  })
})
