import type { ConnectClient } from '@sluice/worker/client'
import { orNull } from '../connect/or-null.ts'
import { type Group, leaf } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { connectorsListing, loggersListing, offsetsListing, pluginsListing, tasksListing } from '../connect/listings.ts'
import { isDocument, outputOptions } from '../connect/output.ts'
import { secretsOptions, withoutSecrets } from '../connect/secrets.ts'
import { printOrWatch, watchOptions } from '../connect/watching.ts'

const name = { name: 'NAME', completes: 'connector', documentation: 'A connector' } as const
const listed = { ...outputOptions, ...watchOptions, ...connectOptions }

const connectors = leaf({
  name: 'connectors',
  summary: 'Connectors, what they do, and how many of their tasks run',
  endsUnread: true,
  options: listed,
  examples: [
    'get connectors',
    'get connectors -o wide --watch',
    'get connectors -o name',
    "get connectors -o jsonpath='{[*].connector.state}'",
  ],
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    const parts = values.output === 'wide' ? (['status', 'info'] as const) : (['status'] as const)
    return printOrWatch(async () => connectorsListing(await client.expanded(parts, signal)), values, {
      terminal,
      signal,
    })
  },
})

const connector = leaf({
  name: 'connector',
  summary: 'One connector; as JSON or YAML its settings, as apply takes them',
  endsUnread: true,
  operands: [name],
  options: {
    ...listed,
    ...secretsOptions,
  },
  examples: ['get connector orders', 'get connector orders -o yaml --show-secrets > orders.yaml'],
  async run({ values, operands: [connector], signal, terminal }) {
    const client = await openClient(values, terminal)
    const path = { connector: connector! }
    const load = async () => {
      const [info, status] = await Promise.all([
        client.call('connectorInfo', { path }, signal),
        // A connector that was just created has no status yet.
        orNull(client.call('connectorStatus', { path }, signal)),
      ])
      // A table shows no settings.
      const options = { showSecrets: values['show-secrets'] || !isDocument(values.output), signal }
      const config = await withoutSecrets(client, info.config, options)
      const listing = connectorsListing({ [info.name]: { info, ...(status !== null && { status }) } })
      return { ...listing, document: { name: info.name, config } }
    }
    return printOrWatch(load, values, { terminal, signal })
  },
})

const tasks = leaf({
  name: 'tasks',
  summary: 'Tasks of a connector, or of all',
  endsUnread: true,
  operands: [{ ...name, isOptional: true }],
  options: listed,
  async run({ values, operands: [connector], signal, terminal }) {
    const client = await openClient(values, terminal)
    return printOrWatch(async () => tasksListing(await statuses(client, connector, signal)), values, {
      terminal,
      signal,
    })
  },
})

async function statuses(client: ConnectClient, connector: string | undefined, signal: AbortSignal) {
  if (connector !== undefined) return [await client.call('connectorStatus', { path: { connector } }, signal)]
  return Object.values(await client.expanded(['status'], signal)).flatMap(({ status }) => status ?? [])
}

const plugins = leaf({
  name: 'plugins',
  summary: 'Connectors, converters, transforms and predicates that the worker has',
  endsUnread: true,
  options: {
    ...listed,
    all: { type: 'flag', short: 'a', documentation: 'Not connectors alone' },
  },
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    const load = async () =>
      pluginsListing(await client.call('plugins', { query: { connectorsOnly: !values.all } }, signal))
    return printOrWatch(load, values, { terminal, signal })
  },
})

const topics = leaf({
  name: 'topics',
  summary: 'Topics that a connector has read or written since it was created or they were reset',
  endsUnread: true,
  operands: [name],
  options: listed,
  async run({ values, operands: [connector], signal, terminal }) {
    const client = await openClient(values, terminal)
    const load = async () => {
      const found = await client.call('activeTopics', { path: { connector: connector! } }, signal)
      const topics = (found[connector!]?.topics ?? []).toSorted()
      return {
        rows: topics,
        document: { topics },
        name: (topic: string) => topic,
        columns: [{ heading: 'TOPIC', of: (topic: string) => topic }],
      }
    }
    return printOrWatch(load, values, { terminal, signal })
  },
})

export const getOffsets = leaf({
  name: 'offsets',
  summary: 'How far a connector is: its positions by partition of its source, or of its topics',
  endsUnread: true,
  operands: [name],
  options: listed,
  async run({ values, operands: [connector], signal, terminal }) {
    const client = await openClient(values, terminal)
    const load = async () => {
      const { offsets } = await client.call('connectorOffsets', { path: { connector: connector! } }, signal)
      return offsetsListing(offsets)
    }
    return printOrWatch(load, values, { terminal, signal })
  },
})

const loggers = leaf({
  name: 'loggers',
  summary: 'Loggers of this one worker and their levels',
  endsUnread: true,
  options: listed,
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    return printOrWatch(async () => loggersListing(await client.call('loggers', {}, signal)), values, {
      terminal,
      signal,
    })
  },
})

export const getNode: Group = {
  name: 'get',
  summary: 'Lists connectors, tasks, plugins, topics, offsets or loggers of a Connect cluster',
  commands: [connectors, connector, tasks, plugins, topics, getOffsets, loggers],
}

export const get = declared(getNode)
