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
 * `POST /connectors` takes. They also tell which file a data set is made of.
 * @throws SluiceError SETTINGS_INVALID when the folder holds a data set of that name from another file
 */
export function writeSettings(plan: QuickstartPlan): void {
  const folder = path.join(plan.dir, 'config', plan.dataset)
  const before = fileOf(path.join(folder, 'source.json'))
  if (before !== undefined && before !== plan.file) {
    throw new SluiceError('SETTINGS_INVALID', `The data set ${plan.dataset} of this folder is made of another file`, {
      place: { file: plan.file, before },
      remedy: 'Give another folder with --dir, or rename the file.',
    })
  }
  fs.mkdirSync(folder, { recursive: true })
  const { worker, source, sink, processor } = plan
  const files = {
    'worker.properties': formatProperties({ ...BY_HAND, ...worker, listeners: LISTENERS_BY_HAND }),
    'source.json': connectorJson(source),
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

/** Undefined: no run before has written it whole. */
function fileOf(sourceJson: string): string | undefined {
  try {
    return (JSON.parse(fs.readFileSync(sourceJson, 'utf8')) as { readonly config: RawSettings }).config['file']
  } catch {
    return undefined
  }
}
