import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { SluiceError } from '@sluice/sdk'
import type { Command } from './command.ts'

export const quickstart: Command = {
  name: 'quickstart',
  summary: 'Takes a real, dirty data set from a file to a Delta table',
  usage: 'quickstart [--dir DIR] [--file my.csv --key COLUMN]',
  details:
    '--dir DIR     where logs, topics and the table are kept (default .sluice/quickstart)\n' +
    '--file FILE   your own CSV file with a header, instead of the FAA bird strikes\n' +
    '--key COLUMN  the column that names a row of it\n\n' +
    'Running it again adds what is new, and nothing else. It can be interrupted or killed at any moment.',
  async run(args, signal) {
    const { dir, file, key } = parse(args)
    const { runQuickstart } = await import('../quickstart/run.ts')
    await runQuickstart(
      {
        dir: path.resolve(dir),
        ...(file === undefined ? { file: birdStrikes(), key: undefined } : { file: path.resolve(file), key: key! }),
      },
      signal,
    )
    return 0
  },
}

function parse(args: readonly string[]): { dir: string; file: string | undefined; key: string | undefined } {
  let values: { dir?: string; file?: string; key?: string }
  try {
    values = parseArgs({
      args: [...args],
      options: { dir: { type: 'string' }, file: { type: 'string' }, key: { type: 'string' } },
    }).values
  } catch (cause) {
    throw new SluiceError('SETTINGS_INVALID', 'These arguments are not understood', { cause, remedy: quickstart.usage })
  }
  const { dir = '.sluice/quickstart', file, key } = values
  if ((file === undefined) !== (key === undefined)) {
    throw new SluiceError('SETTINGS_INVALID', '--file and --key belong together', {
      remedy: 'Give the CSV file and the column that names a row: quickstart --file my.csv --key id',
    })
  }
  return { dir, file, key }
}

/** 10,000 FAA records of aircraft hitting birds, from the npm package vega-datasets (its package.json exports only its entry). */
function birdStrikes(): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  const file = path.join(path.dirname(entry), '..', 'data', 'birdstrikes.csv')
  if (!fs.existsSync(file))
    throw new SluiceError('SOURCE_UNAVAILABLE', `The data set is not at ${file}`, { remedy: 'Run npm ci.' })
  return file
}
