import type { ConnectClient } from '@sluice/worker/client'
import { type Given, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { changesBetween, configOf } from '../connect/changes.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors, type WantedConnector } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { mayDelete, pruneOptions, surplusOf } from '../connect/pruning.ts'
import { findingsOf } from '../connect/validation.ts'
import { waitAsAsked, waitFor, waitOptions } from '../connect/waiting.ts'

const options = {
  ...fileOptions,
  'dry-run': { type: 'flag', documentation: 'Only validate, and tell what would be done' },
  ...pruneOptions,
  yes: { type: 'flag', short: 'y', documentation: 'With --prune: delete them; without it, the command refuses to' },
  ...waitOptions,
  ...connectOptions,
} as const

type Applying = Pick<Given<typeof options>, 'values' | 'signal' | 'terminal'> & { readonly client: ConnectClient }

export const applyNode = leaf({
  name: 'apply',
  summary: 'Creates connectors from files, or gives those that are there the settings of the files',
  options,
  details:
    'A file holds settings with a name, what POST /connectors takes (name, config, initial_state), what get connector -o yaml shows, a list of\n' +
    'these, or an object of these by name. Without a name in it, a connector is called as its file is. Settings that are not in the file are\n' +
    'removed. Each connector is told as created, updated, unchanged, or with --prune deleted; none is deleted when one of the others failed.',
  examples: [
    'apply -f orders.yaml --wait',
    'apply -f connectors/ -R --dry-run',
    'apply -f connectors/ --prune --prefix orders- --yes',
    'apply -f - < orders.json',
  ],
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('apply', values), terminal)
    const client = await openClient(values, terminal)
    const surplus = await surplusOf(values, wanted, client, signal)
    mayDelete(surplus, values.yes || values['dry-run'])
    const applying = { values, signal, terminal, client }
    const status = await forEach(
      wanted,
      ({ name }) => name,
      terminal,
      (connector) => (values['dry-run'] ? tried(connector, applying) : applied(connector, applying)),
    )
    if (status !== EXIT.ok && surplus.length > 0 && !values['dry-run']) {
      terminal.err(`Not deleted, because of what failed: ${surplus.join(', ')}\n`)
      return status
    }
    const pruned = await forEach(
      surplus,
      (name) => name,
      terminal,
      (name) => deleted(name, applying),
    )
    return status || pruned
  },
})

async function applied(connector: WantedConnector, applying: Applying): Promise<number> {
  const { name, initialState = 'RUNNING' } = connector
  applying.terminal.out(`${name} ${await put(connector, applying)}\n`)
  await waitAsAsked(name, initialState, applying)
  return EXIT.ok
}

async function put({ name, config, initialState }: WantedConnector, { client, signal }: Applying): Promise<string> {
  const present = await configOf(client, name, signal)
  if (present !== undefined && changesBetween({ ...present, name }, config).length === 0) return 'unchanged'
  if (present === undefined && initialState !== undefined) {
    await client.call('createConnector', { body: { name, config, initial_state: initialState } }, signal)
    return `created, ${initialState}`
  }
  await client.call('putConnectorConfig', { path: { connector: name }, body: config }, signal)
  return present === undefined ? 'created' : 'updated'
}

async function tried(wanted: WantedConnector, { client, terminal, signal }: Applying): Promise<number> {
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

async function deleted(name: string, applying: Applying): Promise<number> {
  const { client, terminal, signal, values } = applying
  if (values['dry-run']) {
    terminal.out(`${name} would be deleted (dry run)\n`)
    return EXIT.ok
  }
  await client.call('deleteConnector', { path: { connector: name } }, signal)
  if (values.wait !== undefined) await waitFor(name, 'DELETED', applying)
  terminal.out(`${name} deleted\n`)
  return EXIT.ok
}

export const apply = declared(applyNode)
