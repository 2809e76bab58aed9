import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { dataFile } from '../quickstart/data-file.ts'
import type { S3Place } from '../quickstart/run.ts'

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
    into: {
      type: 'text',
      value: 'TABLE',
      documentation: 'The table that your file is added to, instead of one of its own',
    },
    tour: {
      type: 'flag',
      documentation: 'Goes on with flights: a processor with a table, windows and late data, deployed over REST',
    },
    s3: {
      type: 'text',
      value: 'URL',
      documentation:
        'Where the table is kept, as http://HOST:PORT/BUCKET/PREFIX or s3://BUCKET/PREFIX; credentials, and else the endpoint, are those of the environment (AWS_ACCESS_KEY_ID, …)',
    },
  },
  details: 'Running it again adds what is new, and nothing else. It can be interrupted or killed at any moment.',
  examples: [
    'quickstart',
    'quickstart --tour',
    'quickstart --file my.csv --key id',
    'quickstart --file more.csv --key id --into my',
    'quickstart --s3 http://127.0.0.1:9000/lake/demo --dir .sluice/on-s3',
  ],
  async run({ values: { dir, file, key, into, tour, s3 }, signal }) {
    if ((file === undefined) !== (key === undefined)) {
      throw new SluiceError('USAGE_INVALID', '--file and --key belong together', {
        remedy: 'Give the CSV file and the column that names a row: quickstart --file my.csv --key id',
      })
    }
    if (into !== undefined && file === undefined) {
      throw new SluiceError('USAGE_INVALID', '--into needs a file that goes into the table', {
        remedy: 'Give the file and its key too: quickstart --file more.csv --key id --into my',
      })
    }
    if (tour && (file !== undefined || s3 !== undefined)) {
      throw new SluiceError('USAGE_INVALID', '--tour is of the data that comes with it, in a folder', {
        remedy: 'Leave out --file and --s3, or --tour.',
      })
    }
    const on = s3 === undefined ? undefined : placeOn(s3)
    const { runQuickstart } = await import('../quickstart/run.ts')
    await runQuickstart(
      {
        dir: path.resolve(dir),
        into,
        s3: on,
        ...(file === undefined
          ? { file: dataFile('birdstrikes.csv'), key: undefined }
          : { file: path.resolve(file), key: key! }),
      },
      signal,
    )
    if (tour) {
      const { runTour } = await import('../quickstart/tour/run.ts')
      await runTour(path.resolve(dir), signal)
    }
    return EXIT.ok
  },
})

/** @returns s3://BUCKET/PREFIX, and where that is if it is said */
function placeOn(s3: string): S3Place {
  const url = URL.canParse(s3) ? new URL(s3) : undefined
  const isEndpoint = url?.protocol === 'http:' || url?.protocol === 'https:'
  const place = (isEndpoint ? `s3:/${url.pathname}` : s3).replace(/\/+$/, '')
  if (!/^s3a?:\/\/[^/]/.test(place)) {
    throw new SluiceError('USAGE_INVALID', `--s3 takes a bucket's place, which ${JSON.stringify(s3)} is not`, {
      remedy: 'Give it as s3://BUCKET/PREFIX, or with its endpoint as http://127.0.0.1:9000/BUCKET/PREFIX.',
    })
  }
  return { place, endpoint: isEndpoint ? url.origin : undefined }
}

export const quickstart = declared(quickstartNode)
