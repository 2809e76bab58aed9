import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readConnectors } from '../../src/connect/connector-files.ts'
import { testTerminal } from '../support/test-terminal.ts'

let dir: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-files-'))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const at = path.join(dir, name)
  fs.mkdirSync(path.dirname(at), { recursive: true })
  fs.writeFileSync(at, text)
  return at
}

const places = (...filename: string[]) => ({ filename, recursive: false })
const piped = (stdin: string) => readConnectors(places('-'), testTerminal({ stdin }))

describe('connectors are read', () => {
  const wanted = [{ name: 'c', config: { name: 'c', 'connector.class': 'X', 'tasks.max': '2' } }]

  test.each([
    ['settings in JSON', '{"name":"c","connector.class":"X","tasks.max":2,"none":null}'],
    ['what POST /connectors takes', '{"name":"c","config":{"connector.class":"X","tasks.max":"2"}}'],
    [
      'what GET /connectors/c shows',
      '{"name":"c","config":{"name":"c","connector.class":"X","tasks.max":"2"},"tasks":[{"connector":"c","task":0}],"type":"sink"}',
    ],
    ['a list', '[{"name":"c","config":{"connector.class":"X","tasks.max":"2"}}]'],
    [
      'what expand=info shows',
      '{"c":{"info":{"name":"c","config":{"connector.class":"X","tasks.max":"2"},"tasks":[],"type":"sink"}}}',
    ],
    ['settings by name', '{"c":{"connector.class":"X","tasks.max":"2"}}'],
    ['YAML', 'name: c\nconnector.class: X\ntasks.max: 2\nnone:\n'],
    ['YAML with a config', 'name: c\nconfig:\n  connector.class: X\n  tasks.max: "2"\n'],
    ['properties', '# comment\nname=c\nconnector.class=X\ntasks.max=2\n'],
  ])('from %s', async (_, text) => {
    expect(await piped(text)).toMatchObject(wanted)
  })

  test('with numbers and booleans as they are written', async () => {
    const settings = { a: '1.0', b: '12345678901234567890', c: '1e3', d: 'true', e: '010' }
    const [json] = await piped(
      '{"name":"c","connector.class":"X","a":1.0,"b":12345678901234567890,"c":1e3,"d":true,"e":"010"}',
    )
    const [yaml] = await piped(
      'name: c\nconnector.class: X\na: 1.0\nb: 12345678901234567890\nc: 1e3\nd: true\ne: 010\n',
    )
    expect(json!.config).toMatchObject(settings)
    expect(yaml!.config).toMatchObject(settings)
  })

  test('of several documents, and with the state to begin in', async () => {
    const found = await piped(
      'name: a\nconfig: {connector.class: X}\ninitial_state: stopped\n---\nname: b\nconfig: {connector.class: X}\n',
    )
    expect(found.map(({ name, initialState }) => [name, initialState])).toEqual([
      ['a', 'STOPPED'],
      ['b', undefined],
    ])
  })

  test('from a folder, each called as its file when it has no name; other files are left alone', async () => {
    file('folder/b.properties', 'connector.class=X\n')
    file('folder/a.yml', 'connector.class: X\n')
    file('folder/README.md', 'no connector')
    const found = await readConnectors(places(path.join(dir, 'folder')), testTerminal())
    expect(found.map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('a mistake is told with its place', () => {
  test.each([
    ['half of a JSON', '{"name":', 'standard input is no JSON'],
    ['YAML that is none', 'a: [1', 'standard input is no YAML'],
    ['nothing', '', 'There is no connector in standard input'],
    ['a list of texts', '["a"]', 'settings of a connector were expected'],
    ['no name', '{"connector.class":"X"}', 'a connector has no name'],
    [
      'two names',
      '{"name":"a","config":{"name":"b","connector.class":"X"}}',
      'connector a is called "b" in its settings',
    ],
    ['no class', '{"name":"a"}', 'connector a has no connector.class'],
    ['a list for a setting', '{"name":"a","connector.class":"X","topics":["a","b"]}', 'setting topics of a is a list'],
    ['an object for a setting', 'name: a\nconnector.class: X\nx: {y: 1}\n', 'setting x of a is an object'],
    [
      'a state that there is not',
      '{"name":"a","config":{"connector.class":"X"},"initial_state":"IDLE"}',
      'initial_state of a is "IDLE"',
    ],
    [
      'the same twice',
      '[{"name":"a","connector.class":"X"},{"name":"a","connector.class":"X"}]',
      'connector a is in standard input already',
    ],
    ['a secret that was hidden', '{"name":"a","connector.class":"X","p":"[hidden]"}', 'setting p of a is [hidden]'],
  ])('%s', async (_, text, message) => {
    await expect(piped(text)).rejects.toThrow(message)
    await expect(piped(text)).rejects.toMatchObject({ code: 'CONNECT_INVALID' })
  })

  test('an alias that grows without end in YAML is refused', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(9)}]`),
    ].join('\n')
    await expect(piped(bomb)).rejects.toMatchObject({ code: 'CONNECT_INVALID' })
  })

  test('a file that is not there, and a folder with nothing in it, are wrong usage', async () => {
    fs.mkdirSync(path.join(dir, 'empty'), { recursive: true })
    for (const place of ['missing.json', 'empty'])
      await expect(readConnectors(places(path.join(dir, place)), testTerminal())).rejects.toMatchObject({
        code: 'USAGE_INVALID',
      })
  })
})
