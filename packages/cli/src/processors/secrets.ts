/** Deployments of a processor as they are shown. */
import { describeError, SluiceError } from '@sluice/sdk'
import type { ConfigGiven, ConnectClient, ProcessorVersionShown } from '@sluice/worker/client'
import type { Terminal } from '../command-line/declaration.ts'
import { plain } from '../connect/output.ts'
import { HIDDEN, literalOf, secretsNamed } from '../connect/secrets.ts'

/** Types of settings by their names. */
type Types = ReadonlyMap<string, string>

interface Asking {
  readonly client: ConnectClient
  readonly processor: string
  readonly signal: AbortSignal
  readonly terminal: Terminal
}

/**
 * Without the values that are secret: by what the code declares, where this worker has it and can run it; by how settings are called; and
 * by how values look. Settings that are shown although nothing declares them, as those of an older code, are named on stderr.
 * @throws SluiceError INTERRUPTED
 */
export async function versionsWithoutSecrets(
  versions: readonly ProcessorVersionShown[],
  asking: Asking,
): Promise<readonly ProcessorVersionShown[]> {
  // Of each code once, with its newest settings.
  const ofClass = new Map(versions.toReversed().map(({ config }) => [config['processor.class'], config]))
  const types = new Map(
    await Promise.all([...ofClass].map(async ([code, config]) => [code, await typesOf(config, asking)] as const)),
  )
  const passwords = [...types.values()].flatMap((ofOne) => [...ofOne].filter(([, type]) => type === 'PASSWORD'))
  const secrets = secretsNamed(new Set(passwords.map(([name]) => name)))
  const doubtful = new Set<string>()
  const shown = versions.map((version) => {
    const declared = types.get(version.config['processor.class'])
    const config = Object.entries(version.config).map(([name, value]) => {
      if (secrets.hides(name, value)) return [name, HIDDEN] as const
      if (declared?.has(name) !== true && !BY_WORKER.has(name) && literalOf(value) !== '') doubtful.add(name)
      return [name, value] as const
    })
    return { ...version, config: Object.fromEntries(config) }
  })
  if (doubtful.size > 0)
    asking.terminal.err(
      `sluice: shown, though nothing says whether they are secret: ${[...doubtful].map(plain).join(', ')}\n`,
    )
  return shown
}

/** Of every processor, whatever its code. */
const BY_WORKER: ReadonlySet<string> = new Set(['name', 'processor.class', 'application.id', 'instances', 'isolation'])

/** None where the worker does not tell: what has been deployed is to be seen then, too. */
async function typesOf(body: ConfigGiven, { client, processor, signal, terminal }: Asking): Promise<Types> {
  try {
    const { configs } = await client.call('validateProcessorConfig', { path: { processor }, body }, signal)
    return new Map(
      configs.flatMap(({ definition }) => (definition === null ? [] : [[definition.name, definition.type]])),
    )
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'INTERRUPTED') throw error
    const code = plain(String(body['processor.class']))
    terminal.err(
      `sluice: the worker does not say which settings of ${code} are secret, so that only names and values tell: ${describeError(error)}\n`,
    )
    return new Map()
  }
}
