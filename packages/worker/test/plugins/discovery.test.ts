import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { MemoryLogger } from '@sluice/sdk/testing'
import { Plugins } from '../../src/plugins/catalogue.ts'
import { discoverPackage, discoverPlugins } from '../../src/plugins/discovery.ts'
import { parseVersionRange } from '../../src/plugins/version-range.ts'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'plugins-'))
afterAll(() => {
  fs.rmSync(root, { recursive: true })
})

/** A package that leaves a file behind when its code is run. */
function write(folder: string, manifest: unknown, module = ''): string {
  const dir = path.join(root, folder)
  fs.mkdirSync(dir, { recursive: true })
  fs.writeFileSync(path.join(dir, 'package.json'), typeof manifest === 'string' ? manifest : JSON.stringify(manifest))
  const ran = JSON.stringify(path.join(dir, 'ran'))
  fs.writeFileSync(path.join(dir, 'main.mjs'), `import fs from 'node:fs'\nfs.writeFileSync(${ran}, '')\n${module}`)
  return dir
}

function orders(version: string): string {
  const plugin = `{ kind: 'source', name: 'orders', version: '${version}', settings: {}, createTask() {} }`
  return write(
    `versions/orders-${version}`,
    {
      name: 'orders',
      version,
      exports: './main.mjs',
      sluice: { plugins: [{ kind: 'source', name: 'orders', aliases: ['com.example.OrdersSourceConnector'] }] },
    },
    `export default [${plugin}]`,
  )
}

async function found(folder: string, logger = new MemoryLogger()): Promise<Plugins> {
  const none = { connectors: [], converters: [], transforms: [], predicates: [] }
  return new Plugins(none, await discoverPlugins([path.join(root, folder)], logger))
}

let dirs: readonly string[] = []
beforeEach(() => {
  fs.rmSync(path.join(root, 'versions'), { recursive: true, force: true })
  dirs = ['1.9', '1.10'].map(orders)
})
const hasRun = (): readonly boolean[] => dirs.map((dir) => fs.existsSync(path.join(dir, 'ran')))

describe('plugins in folders', () => {
  test('are known, with every version, before any of their code is run', async () => {
    const plugins = await found('versions')
    const info = { class: 'com.example.OrdersSourceConnector', type: 'source' }
    expect(plugins.list(true)).toEqual([
      { ...info, version: '1.9' },
      { ...info, version: '1.10' },
    ])
    expect(plugins.connectorType('OrdersSource')).toBe('source')
    expect(hasRun()).toEqual([false, false])
  })

  test('are loaded when they are used: the newest, or the version that is asked for, and that alone', async () => {
    const plugins = await found('versions')
    const old = { 'connector.class': 'OrdersSource', 'connector.plugin.version': '[1.0,1.10)' }
    expect(await plugins.loadFor(old, {})).toMatchObject({ name: 'orders', version: '1.9' })
    expect(hasRun()).toEqual([true, false])
    expect(await plugins.loadFor({ 'connector.class': 'orders' }, {})).toMatchObject({ version: '1.10' })
    expect(plugins.connectors.get('orders', parseVersionRange('1.9'))).toMatchObject({ version: '1.9' })
  })

  test('must be loaded before they are made at once', async () => {
    const plugins = await found('versions')
    expect(() => plugins.connectors.get('orders')).toThrow(/not loaded before/)
  })

  test('are found in a folder that is a package, below scopes, and in node_modules', async () => {
    write('nested/@scope/a', { version: '1', sluice: { plugins: [{ kind: 'sink', name: 'a', module: './main.mjs' }] } })
    write('nested/node_modules/b', { version: '1', sluice: { plugins: [{ kind: 'converter', name: 'b' }] } })
    write('nested/none', { version: '1' })
    const plugins = await found('nested')
    expect(plugins.list(false).map(({ class: name, type }) => `${type} ${name}`)).toEqual([
      'sink a',
      'converter b',
      'header_converter b',
    ])
    expect((await found('nested/@scope/a')).list(true)).toHaveLength(1)
  })

  test.each([
    ['no JSON', '{'],
    ['no list', { version: '1', sluice: { plugins: {} } }],
    ['an unknown kind', { version: '1', sluice: { plugins: [{ kind: 'gadget', name: 'x' }] } }],
    ['no name', { version: '1', sluice: { plugins: [{ kind: 'sink' }] } }],
    ['no version', { sluice: { plugins: [{ kind: 'sink', name: 'x' }] } }],
    [
      'a module of somebody else',
      { version: '1', sluice: { plugins: [{ kind: 'sink', name: 'x', module: '../y.mjs' }] } },
    ],
  ])('with %s are left out with a warning, and the others are not', async (_, manifest) => {
    fs.rmSync(path.join(root, 'mixed'), { recursive: true, force: true })
    write('mixed/bad', manifest)
    write('mixed/good', { version: '1', sluice: { plugins: [{ kind: 'sink', name: 'good' }] } })
    const logger = new MemoryLogger()
    expect((await found('mixed', logger)).list(true).map(({ class: name }) => name)).toEqual(['good'])
    expect(logger.lines).toHaveLength(1)
  })

  test('whose folder is not there are told of', async () => {
    const logger = new MemoryLogger()
    expect((await found('nowhere', logger)).list(true)).toEqual([])
    expect(logger.lines).toHaveLength(1)
  })

  test('that do not hold what they promise fail when they are used, by name', async () => {
    const promise = { plugins: [{ kind: 'sink', name: 'x', module: './main.mjs' }] }
    write('broken/empty', { version: '1', sluice: promise }, 'export default []')
    await expect((await found('broken/empty')).connectors.load('x')).rejects.toThrow(/does not export it/)
    write('broken/throws', { version: '2', sluice: promise }, 'throw new Error("boom")')
    await expect((await found('broken/throws')).connectors.load('x')).rejects.toMatchObject({
      code: 'PLUGIN_UNKNOWN',
      cause: expect.objectContaining({ message: 'boom' }) as unknown,
    })
  })
})

describe('plugins of an installed package', () => {
  test('are found by the package’s name, from where it is installed', async () => {
    write('app/node_modules/@scope/c', {
      version: '3',
      exports: { '.': { default: './main.mjs' } },
      sluice: { plugins: [{ kind: 'sink', name: 'c' }] },
    })
    const [plugin] = await discoverPackage('@scope/c', new MemoryLogger(), path.join(root, 'app'))
    expect(plugin).toMatchObject({ name: 'c', version: '3', loaded: null })
    expect(await discoverPackage('@scope/d', new MemoryLogger(), path.join(root, 'app'))).toEqual([])
  })
})
