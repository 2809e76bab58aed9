import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'

/** A file of the npm package vega-datasets, such as its FAA records of aircraft hitting birds (its package.json exports only its entry). */
export function dataFile(name: string): string {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  const file = path.join(path.dirname(entry), '..', 'data', name)
  if (fs.existsSync(file)) return file
  throw new SluiceError('SOURCE_UNAVAILABLE', `The data set is not at ${file}`, { remedy: 'Run npm ci.' })
}
