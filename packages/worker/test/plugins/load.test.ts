import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConnectors } from '../../src/plugins/load.ts'

let dir: string
beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), 'connectors-'))
  const connector = (name: string): string => `{ kind: 'source', name: '${name}', createTask() {} }`
  const modules = {
    'one.mjs': `export default ${connector('one')}`,
    'two.mjs': `export default [${connector('two')}, ${connector('three')}]`,
    'none.mjs': 'export const something = 1',
    'odd.mjs': `export default [${connector('odd')}, { kind: 'both', name: 'odd' }]`,
    'broken.mjs': 'throw new Error("the licence has run out")',
  }
  for (const [name, text] of Object.entries(modules)) await fs.writeFile(path.join(dir, name), text)
})
afterAll(() => fs.rm(dir, { recursive: true }))

describe('loading connectors', () => {
  test('from files, one or a list of them each, in the order given', async () => {
    const loaded = await loadConnectors([path.join(dir, 'two.mjs'), path.join(dir, 'one.mjs')])
    expect(loaded.map(({ name }) => name)).toEqual(['two', 'three', 'one'])
  })

  test('a path may begin at the working directory', async () => {
    const relative = path.relative(process.cwd(), path.join(dir, 'one.mjs'))
    expect(relative).toMatch(/^\.\.\//)
    expect(await loadConnectors([relative])).toHaveLength(1)
  })

  test.each(['none.mjs', 'odd.mjs'])('%s holds no connector, and is named', async (name) => {
    const file = path.join(dir, name)
    await expect(loadConnectors([file])).rejects.toMatchObject({
      code: 'PLUGIN_UNKNOWN',
      message: expect.stringContaining(file) as unknown,
      remedy: expect.stringContaining('defineSource') as unknown,
    })
  })

  test.each(['./nowhere.mjs', '@example/not-installed'])('%s is not there, and is named', async (specifier) => {
    await expect(loadConnectors([specifier])).rejects.toMatchObject({
      code: 'PLUGIN_UNKNOWN',
      message: expect.stringContaining(specifier) as unknown,
    })
  })

  test('what a module throws is the cause', async () => {
    await expect(loadConnectors([path.join(dir, 'broken.mjs')])).rejects.toMatchObject({
      code: 'PLUGIN_UNKNOWN',
      cause: expect.objectContaining({ message: 'the licence has run out' }) as unknown,
    })
  })
})
