import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { describeError } from '@sluice/sdk'
import { loadProcessor } from '../../src/processors/load-processor.ts'
import { nameProblem } from '../../src/processors/processor-settings.ts'
import { ProcessorShelf } from '../../src/processors/processor-shelf.ts'

test('a processor is found by its package, and by the last part of its name; a file by its path alone', () => {
  const shelf = new ProcessorShelf(['@sluice/processor-csv-rows', 'orders', '/opt/x.ts', '@acme/processor-orders'])
  const modules = [
    '@sluice/processor-csv-rows',
    'csv-rows',
    'orders',
    '/opt/x.ts',
    '@acme/processor-orders',
    'x',
    '__proto__',
    undefined,
  ]
  expect(modules.map((name) => shelf.find(name)?.module)).toEqual([
    '@sluice/processor-csv-rows',
    '@sluice/processor-csv-rows',
    'orders',
    '/opt/x.ts',
    '@acme/processor-orders',
    undefined,
    undefined,
    undefined,
  ])
})

test.each(['..', '.', '', 'a/b', 'a b', 'ü', '${x}', 'a\0', 'x'.repeat(201)])(
  '%j is no name: folders and topics are named so',
  (name) => {
    expect(nameProblem('name', name)).toMatch(/^name must be/)
  },
)

test.each(['a', 'a.b_c-D9', '...', 'x'.repeat(200)])('%j is a name', (name) => {
  expect(nameProblem('name', name)).toBeNull()
})

test('a module that is there but fails is to be mended, which its line helps with; one that is missing is to be installed', async () => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'processor-'))
  const failing = path.join(folder, 'failing.mjs')
  await fs.writeFile(failing, "\nthrow new Error('no licence')\n")
  const told = async (file: string): Promise<string> => loadProcessor(file).then(() => 'nothing', describeError)
  expect(await told(failing)).toMatch(/failing\.mjs:2\S*\); because: no licence\n.*Mend it/)
  expect(await told(path.join(folder, 'none.mjs'))).toMatch(/cannot be loaded; because: [^]*Install the package/)
  await fs.rm(folder, { recursive: true })
})
