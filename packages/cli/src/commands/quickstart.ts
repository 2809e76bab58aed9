import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'

export const quickstartNode = leaf({
  name: 'quickstart',
  summary: 'Takes a real, dirty data set from a file to a Delta table',
  options: {
    dir: {
      type: 'text',
      value: 'DIR',
      default: '.sluice/quickstart',
      completes: 'file',
      documentation: 'Where logs, topics and the table are kept',
    },
    file: {
      type: 'text',
      value: 'FILE',
      completes: 'file',
      documentation: 'Your own CSV file with a header, instead of the FAA bird strikes',
    },
    key: { type: 'text', value: 'COLUMN', documentation: 'The column that names a row of it' },
  },
  details: 'Running it again adds what is new, and nothing else. It can be interrupted or killed at any moment.',
  examples: ['quickstart', 'quickstart --file my.csv --key id'],
  async run({ values: { dir, file, key }, signal }) {
    if ((file === undefined) !== (key === undefined)) {
      throw new SluiceError('USAGE_INVALID', '--file and --key belong together', {
        remedy: 'Give the CSV file and the column that names a row: quickstart --file my.csv --key id',
      })
    }
    const { runQuickstart } = await import('../quickstart/run.ts')
    await runQuickstart(
      {
        dir: path.resolve(dir),
        ...(file === undefined ? { file: birdStrikes(), key: undefined } : { file: path.resolve(file), key: key! }),
      },
      signal,
    )
    return EXIT.ok
  },
})

/** 10,000 FAA records of aircraft hitting birds, from the npm package vega-datasets (its package.json exports only its entry). */
function birdStrikes(): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  const file = path.join(path.dirname(entry), '..', 'data', 'birdstrikes.csv')
  if (!fs.existsSync(file))
    throw new SluiceError('SOURCE_UNAVAILABLE', `The data set is not at ${file}`, { remedy: 'Run npm ci.' })
  return file
}

export const quickstart = declared(quickstartNode)
