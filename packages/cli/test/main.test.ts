/** The command as a shell sees it: what it prints where, and its exit status. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedKafka } from '@sluice/embedded-kafka'
import { type AnyLeaf, type CommandNode, isGroup } from '../src/command-line/declaration.ts'
import { commands } from '../src/commands/index.ts'
import { fakeWorker } from './support/fake-worker.ts'
import { run } from './support/test-terminal.ts'

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const DEADLINE_MS = 20_000

let dir: string
beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-cli-'))
})
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }))

function sluice(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@sluice/source', MAIN, ...args], {
    cwd: dir,
    encoding: 'utf8',
    timeout: DEADLINE_MS,
  })
  return { status, out: stdout, err: stderr }
}

describe('sluice', () => {
  test.each(['help', '--help', '-h'])('%s lists every command, on standard output, and is no failure', (word) => {
    const { status, out, err } = sluice(word)
    expect(status).toBe(0)
    expect(err).toBe('')
    for (const { name, summary } of commands)
      expect(out).toMatch(new RegExp(`^ {2}${escape(name)} +${escape(summary)}$`, 'm'))
  })

  test('without a command shows the same and is wrong usage', () => {
    expect(sluice()).toMatchObject({ status: 2, out: expect.stringContaining('Usage: sluice <command>') })
  })

  test.each([
    ['quickstrat', 'quickstart'],
    ['proces', 'process'],
    ['Connect-Standalone', 'connect-standalone'],
  ])('%s is no command, and it guesses that %s was meant', (typed, meant) => {
    const { status, out, err } = sluice(typed)
    expect(status).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(`there is no command "${typed}"; did you mean "${meant}"?`)
    expect(err).toContain('Usage: sluice <command>')
  })

  test('does not guess at something that is near to nothing', () => {
    expect(sluice('frobnicate')).toMatchObject({ status: 2, err: expect.not.stringContaining('did you mean') })
  })

  const leaves = commands.flatMap(({ node }) => leavesOf([node.name], node))
  test.each(leaves)('%s --help says what it does, how it is called, and each option', async (path, leaf) => {
    const { status, out, err } = await run([...path.split(' '), '--help'])
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toMatch(new RegExp(`^${escape(leaf.summary)}\\n\\n {2}sluice ${escape(path)}\\b`))
    for (const name of Object.keys(leaf.options)) expect(out).toContain(`--${name}`)
  })

  test.each([
    [
      ['help', 'get', 'connectors'],
      ['get', 'connectors', '--help'],
    ],
    [
      ['help', 'kafka'],
      ['kafka', '--help'],
    ],
  ])('%j is %j', (asked, long) => {
    const { status, out, err } = sluice(...asked)
    expect({ status, err }).toEqual({ status: 0, err: '' })
    expect(out).toBe(sluice(...long).out)
  })

  test('help about what is no command is wrong usage', () => {
    expect(sluice('help', 'kafak')).toMatchObject({ status: 2, err: expect.stringContaining('did you mean "kafka"?') })
  })

  test('--version says which Kafka Connect it keeps to, and its own', () => {
    expect(sluice('--version')).toMatchObject({ status: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\+sluice\.\d/) })
  })

  test('a worker that is not there is exit status 3, and wrong usage 2, each with a remedy', () => {
    const dead = sluice('get', 'connectors', '--server', 'http://127.0.0.1:1')
    expect(dead).toMatchObject({
      status: 3,
      out: '',
      err: expect.stringMatching(/^sluice: No Connect worker.*\n {2}What to do: .*\n$/),
    })
    expect(sluice('get', 'connectors', '--servr', 'x')).toMatchObject({
      status: 2,
      out: '',
      err: expect.stringContaining('--server'),
    })
  })
})

function leavesOf(path: readonly string[], node: CommandNode): [string, AnyLeaf][] {
  return isGroup(node)
    ? node.commands.flatMap((child) => leavesOf([...path, child.name], child))
    : [[path.join(' '), node]]
}

describe('what goes wrong is said on standard error with a remedy, and has an exit status', () => {
  test.each<[string, string[], string, number]>([
    ['a file without a key', ['quickstart', '--file', 'my.csv'], '--file and --key belong together', 2],
    ['a key without a file', ['quickstart', '--key', 'id'], '--file and --key belong together', 2],
    [
      'an option that there is not',
      ['quickstart', '--fil', 'my.csv'],
      'There is no option --fil; did you mean --file?',
      2,
    ],
    ['a file that is not there', ['quickstart', '--file', 'missing.csv', '--key', 'id'], 'missing.csv', 1],
    ['a folder instead of a file', ['quickstart', '--file', '.', '--key', 'id'], 'What to do:', 1],
    ['no query', ['sql', 'folder'], 'QUERY is missing', 2],
    ['a folder that is no table', ['sql', 'folder', 'select 1'], 'is no Delta table', 4],
    ['no Kafka for the schemas', ['schema-registry'], 'needs the Kafka that keeps the schemas', 2],
    ['a port that is none', ['schema-registry', '--bootstrap', 'x:1', '--port', 'http'], "--port is 'http'", 2],
    ['a port that is too high', ['kafka', '--port', '65536'], 'more than 65535', 2],
    ['no worker file', ['connect-standalone'], 'WORKER_FILE is missing', 1],
    ['no worker file of a cluster', ['connect-distributed'], 'WORKER_FILE is missing', 1],
    [
      'two worker files of a cluster',
      ['connect-distributed', 'w.properties', 'x.properties'],
      'one argument too many',
      1,
    ],
    ['a worker file that is not there', ['connect-standalone', 'w.properties', 'c.properties'], 'w.properties', 2],
    ['a worker file of a cluster that is not there', ['connect-distributed', 'w.properties'], 'w.properties', 2],
    ['no processor file', ['process'], 'FILE is missing', 2],
    ['a processor file that is not there', ['process', 'p.properties'], 'p.properties', 2],
  ])('%s', (_, args, words, wanted) => {
    const { status, out, err } = sluice(...args)
    expect({ status, out }).toEqual({ status: wanted, out: '' })
    expect(err).toMatch(/^sluice: /)
    expect(err).toContain(words)
    expect(err).toContain('What to do:')
    expect(err).not.toMatch(/^\s+at /m)
  })

  test('all that is missing from a processor file, at once', () => {
    fs.writeFileSync(path.join(dir, 'empty.properties'), 'application.id=a\n')
    const { status, err } = sluice('process', 'empty.properties')
    expect(status).toBe(2)
    expect(err).toContain('"processor.class"')
    expect(err).toContain('"bootstrap.servers"')
  })

  test.each([
    ['that is not installed', '@nobody/nothing', 'cannot be loaded'],
    ['whose module holds none', '@sluice/sdk', 'no processor as its default export'],
  ])('a processor %s', (_, module, words) => {
    fs.writeFileSync(
      path.join(dir, 'p.props'),
      `processor.class=${module}\nbootstrap.servers=127.0.0.1:1\napplication.id=a\n`,
    )
    expect(sluice('process', 'p.props')).toMatchObject({ status: 1, err: expect.stringContaining(words) })
  })

  test('every mistyped setting of a processor, before anything is connected to', () => {
    const settings = {
      'processor.class': '@sluice/processor-csv-rows',
      'bootstrap.servers': '127.0.0.1:1',
      'application.id': 'a',
      'input.topic': 'in',
      'output.topic': 'out',
      'quarantine.topic': 'q',
      headings: '["id"]',
      instances: '2',
      'procesing.guarantee': 'exactly_once_v2',
      uniqe: 'true',
    }
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`)
    fs.writeFileSync(path.join(dir, 'mistyped.properties'), lines.join(''))
    const { status, err } = sluice('process', 'mistyped.properties')
    expect(status).toBe(2)
    expect(err).toContain('"procesing.guarantee", which would have no effect: did you mean "processing.guarantee"?')
    expect(err).toContain('"uniqe", which would have no effect: did you mean "unique"?')
    expect(err).not.toContain('"instances"')
    expect(err).toContain('What to do: Correct mistyped.properties.')
  })

  test('every wrong setting of a worker and its connectors, before anything is connected to', () => {
    fs.writeFileSync(
      path.join(dir, 'worker.properties'),
      'bootstrap.servers=127.0.0.1:1\nkey.converter=StringConverter\nvalue.converter=JsonConverter\n',
    )
    fs.writeFileSync(path.join(dir, 'source.properties'), 'name=s\nconnector.class=file-source\nformat=xml\n')
    const { status, err } = sluice('connect-standalone', 'worker.properties', 'source.properties')
    expect(status).toBe(2)
    expect(err).toContain('worker: A setting is invalid:')
    expect(err).toContain('offset.storage.file.filename')
    expect(err).toMatch(/^source\.properties: .*xml/m)
    expect(err).toContain('nothing was started')
  })

  test('connectors that are refused by a worker whose own settings are right, with a status of their own', () => {
    fs.writeFileSync(
      path.join(dir, 'right.properties'),
      'bootstrap.servers=127.0.0.1:1\nkey.converter=StringConverter\nvalue.converter=JsonConverter\noffset.storage.file.filename=positions\n',
    )
    fs.writeFileSync(path.join(dir, 'wrong.properties'), 'name=s\nconnector.class=file-source\nformat=xml\n')
    const { status, err } = sluice('connect-standalone', 'right.properties', 'wrong.properties')
    expect(status).toBe(3)
    expect(err).toMatch(/^wrong\.properties: .*xml/m)
    expect(err).not.toContain('worker:')
  })
})

describe('a reader that goes away', () => {
  test('does not keep a command from doing what it was told to: apply goes through all its files', async () => {
    const worker = await fakeWorker()
    try {
      const names = ['a', 'b', 'c']
      const files = names.flatMap((name) => {
        fs.writeFileSync(path.join(dir, `${name}.json`), JSON.stringify({ name, config: { 'connector.class': 'x' } }))
        return ['-f', `${name}.json`]
      })
      expect(await unread('stdout', 'apply', ...files, '--server', worker.url)).toBe(0)
      expect([...worker.connectors.keys()]).toEqual(names)
    } finally {
      await worker.close()
    }
  })

  test('of errors and logs is no error either: the exit status is that of the command', async () => {
    expect(await unread('stderr', 'get', 'connectors', '--server', 'http://127.0.0.1:1')).toBe(3)
  })

  /** The exit status of a command whose output nobody reads. */
  async function unread(stream: 'stdout' | 'stderr', ...args: string[]): Promise<number | null> {
    const child = spawn(process.execPath, ['--conditions=@sluice/source', MAIN, ...args], { cwd: dir })
    child[stream].destroy()
    const [status] = (await once(child, 'close', { signal: AbortSignal.timeout(DEADLINE_MS) })) as [number | null]
    return status
  }
})

describe('the quickstart', () => {
  test('that is refused at its arguments leaves nothing behind', () => {
    sluice('quickstart', '--dir', 'qs', '--file', 'missing.csv', '--key', 'id')
    expect(fs.existsSync(path.join(dir, 'qs'))).toBe(false)
  })

  test('says who has its folder when another broker does, and gives it back', async () => {
    const dataDir = path.join(dir, 'qs', 'kafka')
    const other = await startEmbeddedKafka({ dataDir })
    try {
      const { status, err } = sluice('quickstart', '--dir', path.join(dir, 'qs'))
      expect(status).toBe(3)
      expect(err).toContain(dataDir)
      expect(err).toContain(String(process.pid))
      expect(fs.existsSync(path.join(dir, 'qs', 'lock'))).toBe(false)
    } finally {
      await other.close()
    }
  })
})

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
