import { SluiceError } from '@sluice/sdk'
import type { ConfigShown, ConnectClient } from '@sluice/worker/client'
import { leaf, type Terminal } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { changesBetween } from '../connect/changes.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors, type WantedConnector } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { findingsOf } from '../connect/validation.ts'
import { waitFor, waitOptions } from '../connect/waiting.ts'

export const applyNode = leaf({
  name: 'apply',
  summary: 'Creates connectors from files, or gives those that are there the settings of the files',
  options: {
    ...fileOptions,
    'dry-run': { type: 'flag', documentation: 'Only validate, and tell what would be done' },
    ...waitOptions,
    ...connectOptions,
  },
  details:
    'A file holds settings with a name, what POST /connectors takes (name, config, initial_state), what get connector -o yaml shows, a list of\n' +
    'these, or an object of these by name. Without a name in it, a connector is called as its file is. Settings that are not in the file are\n' +
    'removed. Each connector is told as created, updated or unchanged.',
  examples: ['apply -f orders.yaml --wait', 'apply -f connectors/ --dry-run', 'apply -f - < orders.json'],
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('apply', values.filename), terminal)
    const client = await openClient(values, terminal)
    return forEach(
      wanted,
      ({ name }) => name,
      terminal,
      async (connector) => {
        if (values['dry-run']) return tried(client, connector, terminal, signal)
        terminal.out(`${connector.name} ${await applied(client, connector, signal)}\n`)
        if (values.wait !== undefined) {
          const state = values.wait || connector.initialState || 'RUNNING'
          await waitFor(connector.name, state, {
            client,
            terminal,
            signal,
            timeoutMs: values.timeout,
            isQuiet: values.quiet,
          })
        }
        return EXIT.ok
      },
    )
  },
})

async function applied(client: ConnectClient, wanted: WantedConnector, signal: AbortSignal): Promise<string> {
  const { name, config, initialState } = wanted
  const present = await configOf(client, name, signal)
  if (present !== undefined && changesBetween({ ...present, name }, config).length === 0) return 'unchanged'
  if (present === undefined && initialState !== undefined) {
    await client.call('createConnector', { body: { name, config, initial_state: initialState } }, signal)
    return `created, ${initialState}`
  }
  await client.call('putConnectorConfig', { path: { connector: name }, body: config }, signal)
  return present === undefined ? 'created' : 'updated'
}

async function tried(
  client: ConnectClient,
  wanted: WantedConnector,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<number> {
  const { name, config } = wanted
  const findings = await findingsOf(client, wanted, signal)
  for (const { setting, error } of findings) terminal.err(`${name}: ${setting}: ${error}\n`)
  if (findings.length > 0) {
    terminal.out(`${name} would be refused (dry run)\n`)
    return EXIT.invalid
  }
  const present = await configOf(client, name, signal)
  const isSame = present !== undefined && changesBetween({ ...present, name }, config).length === 0
  terminal.out(
    `${name} ${present === undefined ? 'would be created' : isSame ? 'unchanged' : 'would be updated'} (dry run)\n`,
  )
  return EXIT.ok
}

/** Undefined when there is no such connector. */
export async function configOf(
  client: ConnectClient,
  connector: string,
  signal: AbortSignal,
): Promise<ConfigShown | undefined> {
  try {
    return await client.call('connectorConfig', { path: { connector } }, signal)
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'CONNECT_UNKNOWN') return undefined
    throw error
  }
}

export const apply = declared(applyNode)
