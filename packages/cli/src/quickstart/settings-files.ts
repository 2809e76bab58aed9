import fs from 'node:fs'
import path from 'node:path'
import { SluiceError, type RawSettings } from '@sluice/sdk'
import { formatProperties } from '@sluice/worker'
import type { QuickstartPlan } from './plan.ts'

/** Where the files say that Kafka and the worker are; in a run both take whatever ports are free. */
const BY_HAND = { 'bootstrap.servers': '127.0.0.1:9092' }
const LISTENERS_BY_HAND = 'http://127.0.0.1:8083'

/**
 * The settings as files, as one would write them by hand: to read, and to start from. Connectors are in the form that a worker's
 * `POST /connectors` takes. They also tell which files a data set is made of, and where its table is.
 * @throws SluiceError SETTINGS_INVALID when the folder holds a data set of that name from another file, or with its table elsewhere
 */
export function writeSettings(plan: QuickstartPlan): void {
  const folder = folderOf(plan.dir, plan.dataset)
  const sourceFile = sourceFileOf(plan.earlierSources.length + 1)
  const before = configIn(path.join(folder, sourceFile))?.['file']
  if (before !== undefined && before !== plan.file) {
    throw new SluiceError('SETTINGS_INVALID', `The data set ${plan.dataset} of this folder is made of another file`, {
      place: { file: plan.file, before },
      remedy: `Give --into ${plan.dataset} to add this file to it, or another folder with --dir, or rename the file.`,
    })
  }
  const lake = configIn(path.join(folder, 'sink.json'))?.['lake.url']
  if (lake !== undefined && lake !== plan.sink['lake.url']) {
    throw new SluiceError('SETTINGS_INVALID', `The table of the data set ${plan.dataset} of this folder is elsewhere`, {
      place: { table: plan.table, before: lake },
      remedy: 'Give another folder with --dir.',
    })
  }
  fs.mkdirSync(folder, { recursive: true })
  const { worker, source, sink, processor } = plan
  const files = {
    'worker.properties': formatProperties({ ...BY_HAND, ...worker, listeners: LISTENERS_BY_HAND }),
    [sourceFile]: connectorJson(source),
    'sink.json': connectorJson(sink),
    'processor.properties': formatProperties({
      ...BY_HAND,
      'processor.class': processor.module,
      'application.id': processor.application,
      ...processor.settings,
    }),
  }
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
}

function connectorJson(config: RawSettings): string {
  return `${JSON.stringify({ name: config['name'], config }, null, 2)}\n`
}

/** How many other files were read into a data set before this one: those that came first, where it was read itself. */
export function filesBeforeThis(dir: string, dataset: string, file: string): number {
  for (let before = 0; ; before++) {
    const known = configIn(path.join(folderOf(dir, dataset), sourceFileOf(before + 1)))?.['file']
    if (known === undefined || known === file) return before
  }
}

function folderOf(dir: string, dataset: string): string {
  return path.join(dir, 'config', dataset)
}

/** @param number from 1 */
function sourceFileOf(number: number): string {
  return number === 1 ? 'source.json' : `source-${number}.json`
}

/** Undefined: no run before has written it whole. */
function configIn(connectorFile: string): RawSettings | undefined {
  try {
    return (JSON.parse(fs.readFileSync(connectorFile, 'utf8')) as { readonly config: RawSettings }).config
  } catch {
    return undefined
  }
}
