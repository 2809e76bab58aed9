/** Everything that is wrong in the files of a standalone worker, told at once, before anything is started. */
import { silentLogger, SluiceError, type Logger, type RawSettings } from '@sluice/sdk'
import { invalidSettings } from '../herder/refusals.ts'
import { validateConnector, type ValidationParts } from '../validation/validator.ts'
import { ConnectorsRefused, problemOf, refuseAll, workerProblems } from '../validation/worker-check.ts'
import { readConnectorFile, type GivenConnector } from './connector-files.ts'
import { standaloneSettings } from './standalone-settings.ts'

/** Of settings that are a topic's, as operators have them beside those of the worker. */
const PREFIXES: readonly string[] = ['offset.storage.']

interface Given {
  readonly connectors: readonly GivenConnector[]
  readonly files: readonly string[]
  /** Values of config providers in the worker's settings. */
  readonly values: ReadonlySet<string>
  /** How connectors are looked at. */
  readonly validation: ValidationParts
}

/** All connectors, those of the files last. @throws SluiceError SETTINGS_INVALID with each complaint, by file or connector; ConnectorsRefused when the worker's own are right */
export async function checkedConnectors({
  connectors,
  files,
  values,
  validation,
}: Given): Promise<readonly GivenConnector[]> {
  const { worker: raw, plugins, logger } = validation
  const check = { declared: standaloneSettings, prefixes: PREFIXES, raw, values, plugins, logger }
  const problems = (await workerProblems(check)).map((problem) => `worker: ${problem}`)
  const kind = problems.length === 0 ? ConnectorsRefused : SluiceError
  const all = [...connectors]
  for (const file of files) {
    const problem = await problemOf(async () => all.push(await readConnectorFile(file)))
    if (problem !== null) problems.push(`${file}: ${problem}`)
  }
  const seen = new Set<string>()
  const late = new LateWarnings(logger)
  for (const [index, connector] of all.entries()) {
    const what = labelOf(connector, index)
    const { name } = connector.config
    if (name !== undefined && seen.has(name)) problems.push(`${what}: Connector ${name} already exists`)
    if (name !== undefined) seen.add(name)
    const found = await connectorProblems(connector.config, { ...validation, logger: late.logger })
    problems.push(...found.map((problem) => `${what}: ${problem}`))
  }
  // Who creates them without a complaint warns himself.
  if (problems.length > 0) late.tell()
  refuseAll(problems, kind)
  return all
}

/** How a connector is called in messages. */
export function labelOf({ file, config }: GivenConnector, index: number): string {
  return file ?? config['name'] ?? `connector ${index + 1}`
}

async function connectorProblems(config: RawSettings, parts: ValidationParts): Promise<readonly string[]> {
  let problems: readonly string[] = []
  const refusal = await problemOf(async () => {
    problems = invalidSettings(await validateConnector(config, parts, new AbortController().signal))
  })
  return refusal === null ? problems : [refusal]
}

/** Warnings that may turn out not to be needed. */
class LateWarnings {
  readonly logger: Logger
  readonly #tell: (() => void)[] = []

  constructor(to: Logger) {
    this.logger = this.#late(to)
  }

  tell(): void {
    for (const tell of this.#tell) tell()
  }

  #late(to: Logger): Logger {
    return {
      ...silentLogger,
      warn: (message, fields) => void this.#tell.push(() => to.warn(message, fields)),
      child: (fields) => this.#late(to.child(fields)),
    }
  }
}
