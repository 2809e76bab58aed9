/** `sluice processors …`: processors of workers, over REST. */
import { SluiceError } from '@sluice/sdk'
import type { ConnectClient, ProcessorLagShown, PublicOperation } from '@sluice/worker/client'
import { type AnyLeaf, type Group, leaf, type Terminal } from '../command-line/declaration.ts'
import { declared } from '../command-line/declared-command.ts'
import { EXIT } from '../command-line/exit-status.ts'
import { connectOptions, openClient } from '../connect/connect-options.ts'
import { readConnectors } from '../connect/connector-files.ts'
import { forEach } from '../connect/each.ts'
import { fileOptions, filesGiven } from '../connect/file-options.ts'
import { isDocument, type OutputValues, outputOptions, plain, print } from '../connect/output.ts'
import { secretsOptions } from '../connect/secrets.ts'
import { keyOptions, keyQuery } from '../processors/key-options.ts'
import { instancesListing, lagListing, processorsListing, versionsListing } from '../processors/listings.ts'
import { PROCESSORS } from '../processors/processor-files.ts'
import { versionsWithoutSecrets } from '../processors/secrets.ts'
import type { Wait } from '../connect/waiting.ts'
import { isGone, isPaused, isRunning, waitForProcessor } from '../processors/waiting.ts'

const one = { name: 'NAME', completes: 'processor', documentation: 'A processor' } as const
const some = { name: 'NAME', isRepeated: true, completes: 'processor', documentation: 'Processors' } as const
const waitOption = {
  wait: { type: 'flag', documentation: 'Come back when all instances are so far' },
} as const

const list = leaf({
  name: 'list',
  summary: 'Processors of the cluster, and how they are',
  options: { ...outputOptions, ...connectOptions },
  endsUnread: true,
  examples: ['processors list', 'processors list -o wide'],
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    await print(processorsListing(await client.call('listProcessors', {}, signal)), values, terminal)
    return EXIT.ok
  },
})

const plugins = leaf({
  name: 'plugins',
  summary: 'Processors that the worker has the code of',
  options: { ...outputOptions, ...connectOptions },
  endsUnread: true,
  async run({ values, signal, terminal }) {
    const client = await openClient(values, terminal)
    const found = await client.call('processorPlugins', {}, signal)
    const columns = [
      { heading: 'NAME', of: (plugin: (typeof found)[number]) => plugin.name },
      { heading: 'CLASS', of: (plugin: (typeof found)[number]) => plugin.class },
    ]
    await print({ rows: found, columns, name: ({ name }) => name, document: found }, values, terminal)
    return EXIT.ok
  },
})

function deploying(name: string, summary: string, mayReplace: boolean): AnyLeaf {
  return leaf({
    name,
    summary,
    options: { ...fileOptions, ...waitOption, ...connectOptions },
    details:
      'The file has the settings of the processor, processor.class among them, as properties, JSON or YAML; its name is in them, or that of\n' +
      'the file. Everything that is wrong with settings or topology is told at once; then nothing is deployed.',
    examples: [`processors ${name} -f orders.properties --wait`],
    async run({ values, signal, terminal }) {
      const wanted = await readConnectors(filesGiven(`processors ${name}`, values), terminal, PROCESSORS)
      const client = await openClient(values, terminal)
      return forEach(
        wanted,
        (processor) => processor.name,
        terminal,
        async ({ name: processor, config, initialState }) => {
          const body = { name: processor, config, ...(initialState !== undefined && { initial_state: initialState }) }
          const before = mayReplace ? await deployedBefore(client, processor, signal) : null
          // Only a new one begins in the state that its file has.
          const isNew = !mayReplace || (initialState !== undefined && before === null)
          const {
            deployment,
            version,
            target_state: target,
          } = isNew
            ? await client.call('createProcessor', { body }, signal)
            : await client.call('putProcessorConfig', { path: { processor }, body: config }, signal)
          const isToRun = target === 'RUNNING'
          if (values.wait)
            await waitForProcessor(processor, target, isToRun ? isRunning : isPaused, {
              client,
              values,
              signal,
              terminal,
            })
          const what = before === deployment ? 'unchanged' : 'deployed'
          terminal.out(`${processor} ${what}: ${deployment}, version ${version ?? 'unknown'}\n`)
          return EXIT.ok
        },
      )
    },
  })
}

/** The number of its newest deployment; null: it is not there. */
async function deployedBefore(client: ConnectClient, processor: string, signal: AbortSignal): Promise<number | null> {
  try {
    return (await client.call('processorInfo', { path: { processor } }, signal)).deployment
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'CONNECT_UNKNOWN') return null
    throw error
  }
}

const validate = leaf({
  name: 'validate',
  summary: 'Has the worker look at settings and topology, and shows everything that is wrong; nothing is changed',
  options: { ...fileOptions, ...outputOptions, ...connectOptions },
  details: 'Exit status 0 when all are valid, 6 when one is not.',
  examples: ['processors validate -f orders.properties'],
  async run({ values, signal, terminal }) {
    const wanted = await readConnectors(filesGiven('processors validate', values), terminal, PROCESSORS)
    const client = await openClient(values, terminal)
    const rows: { readonly processor: string; readonly setting: string; readonly error: string }[] = []
    for (const { name: processor, config } of wanted) {
      const { configs } = await client.call('validateProcessorConfig', { path: { processor }, body: config }, signal)
      const found = configs.flatMap(({ value }) =>
        value.errors.map((error) => ({ processor, setting: value.name, error })),
      )
      if (found.length === 0 && !values.quiet) terminal.err(`${processor} is valid\n`)
      rows.push(...found)
    }
    const columns = [
      { heading: 'PROCESSOR', of: ({ processor }: (typeof rows)[number]) => processor },
      { heading: 'SETTING', of: ({ setting }: (typeof rows)[number]) => setting },
      { heading: 'ERROR', of: ({ error }: (typeof rows)[number]) => error },
    ]
    await print(
      { rows, columns, name: ({ processor, setting }) => `${processor} ${setting}`, document: rows },
      values,
      terminal,
    )
    return rows.length === 0 ? EXIT.ok : EXIT.invalid
  },
})

const status = leaf({
  name: 'status',
  summary: 'What the instances of a processor do, on which workers, which tasks they have, and how far it is behind',
  details: 'With -o wide how far it is behind in each partition.',
  operands: [one],
  options: { ...outputOptions, ...connectOptions },
  endsUnread: true,
  examples: ['processors status orders', 'processors status orders -o yaml'],
  async run({ values, operands: [processor], signal, terminal }) {
    const client = await openClient(values, terminal)
    const found = await client.call('processorStatus', { path: { processor: processor! } }, signal)
    await print(instancesListing(found), values, terminal)
    if (found.lag !== undefined && (values.output === 'table' || values.output === 'wide'))
      await printLag(found.lag, values, terminal)
    if (values.output === 'table' || values.output === 'wide')
      for (const { topic, key, key_base64: base64 } of found.paused_keys ?? [])
        terminal.err(`Paused in ${plain(topic)}: key ${key === null ? `${base64} (base64)` : plain(key)}\n`)
    const trace = found.instances.find((instance) => instance.trace !== undefined)?.trace
    if (values.output === 'table' && trace !== undefined) terminal.err(`${trace.split('\n').map(plain).join('\n')}\n`)
    return EXIT.ok
  },
})

async function printLag(lag: ProcessorLagShown, values: OutputValues, terminal: Terminal): Promise<void> {
  if (values.output === 'wide' && lag.partitions.length > 0) {
    terminal.out('\n')
    await print(lagListing(lag), values, terminal)
  }
  const [first] = lag.partitions
  if (first !== undefined)
    terminal.err(`Behind by ${first.lag} records at most, in ${plain(first.topic)}-${first.partition}\n`)
  if (lag.problem !== null) terminal.err(`${plain(lag.problem)}\n`)
}

const versions = leaf({
  name: 'versions',
  summary: 'What has been deployed of a processor, and where it runs; as JSON or YAML with its settings',
  operands: [one],
  options: { ...outputOptions, ...secretsOptions, ...connectOptions },
  endsUnread: true,
  examples: ['processors versions orders', 'processors versions orders -o yaml --show-secrets'],
  async run({ values, operands: [processor], signal, terminal }) {
    const client = await openClient(values, terminal)
    const found = await client.call('processorVersions', { path: { processor: processor! } }, signal)
    // A table shows no settings.
    const isWhole = values['show-secrets'] || !isDocument(values.output)
    const shown = isWhole
      ? found
      : await versionsWithoutSecrets(found, { client, processor: processor!, signal, terminal })
    await print(versionsListing(shown), values, terminal)
    return EXIT.ok
  },
})

/** Pausing and resuming: the whole, or the records of a key. */
function turning(
  name: string,
  summary: string,
  operation: PublicOperation & ('pauseProcessor' | 'resumeProcessor'),
  [done, doneOfKey]: readonly [ofAll: string, ofKey: string],
  reached: readonly [state: string, isIn: typeof isRunning],
): AnyLeaf {
  return leaf({
    name,
    summary,
    operands: [some],
    options: { ...keyOptions, ...waitOption, ...connectOptions },
    details:
      'With --topic and --key only records with that key are held back, and all others of the topic go on; keys are resumed as they were\n' +
      'paused, each by itself. sluice processors status shows them.',
    examples: [`processors ${name} orders --wait`, `processors ${name} orders --topic orders.raw --key customer-7`],
    async run({ values, operands, signal, terminal }) {
      const query = keyQuery(values)
      const isOfKey = Object.keys(query).length > 0
      if (isOfKey && values.wait)
        throw new SluiceError(
          'USAGE_INVALID',
          '--wait is for whole processors: a key is held back from the next records on',
          {
            remedy: 'Leave --wait out.',
          },
        )
      const client = await openClient(values, terminal)
      const said = isOfKey ? `: the key ${doneOfKey}` : ` ${done}`
      return askEach(operands, (path) => client.call(operation, { path, query }, signal), said, reached, {
        client,
        values,
        signal,
        terminal,
      })
    },
  })
}

/** Asks for each, and waits for it where that is wanted; `said` is put behind its name otherwise. */
function askEach(
  processors: readonly string[],
  ask: (path: { readonly processor: string }) => Promise<unknown>,
  said: string,
  reached: readonly [state: string, isIn: typeof isRunning],
  wait: Wait & { readonly values: { readonly wait: boolean } },
): Promise<number> {
  const { terminal, values } = wait
  return forEach(
    processors,
    (processor) => processor,
    terminal,
    async (processor) => {
      await ask({ processor })
      if (values.wait) await waitForProcessor(processor, ...reached, wait)
      terminal.out(`${processor}${values.wait ? ` ${reached[0]}` : said}\n`)
      return EXIT.ok
    },
  )
}

const restart = leaf({
  name: 'restart',
  summary: 'Starts all instances of processors anew',
  operands: [some],
  options: { ...waitOption, ...connectOptions },
  examples: ['processors restart orders --wait'],
  async run({ values, operands, signal, terminal }) {
    const client = await openClient(values, terminal)
    const ask = (path: { readonly processor: string }) => client.call('restartProcessor', { path }, signal)
    return askEach(operands, ask, ' will be restarted', ['RUNNING', isRunning], { client, values, signal, terminal })
  },
})

const deleteLeaf = leaf({
  name: 'delete',
  summary: 'Ends processors and forgets their settings; topics, offsets and stores stay',
  operands: [some],
  options: {
    'ignore-not-found': { type: 'flag', documentation: 'One that is not there is as good as deleted' },
    ...waitOption,
    ...connectOptions,
  },
  examples: ['processors delete orders'],
  async run({ values, operands, signal, terminal }) {
    const client = await openClient(values, terminal)
    return forEach(
      operands,
      (processor) => processor,
      terminal,
      async (processor) => {
        try {
          await client.call('deleteProcessor', { path: { processor } }, signal)
        } catch (error) {
          const isUnknown = error instanceof SluiceError && error.code === 'CONNECT_UNKNOWN'
          if (!values['ignore-not-found'] || !isUnknown) throw error
          return EXIT.ok
        }
        if (values.wait) await waitForProcessor(processor, 'DELETED', isGone, { client, values, signal, terminal })
        terminal.out(`${processor} deleted\n`)
        return EXIT.ok
      },
    )
  },
})

const topology = leaf({
  name: 'topology',
  summary: 'The topology of a processor, as Kafka Streams prints it, as JSON, or as a Mermaid diagram',
  operands: [one],
  options: {
    format: {
      type: 'text',
      value: 'FORMAT',
      choices: ['text', 'json', 'mermaid'],
      default: 'text',
      documentation: 'How it is written',
    },
    ...connectOptions,
  },
  endsUnread: true,
  examples: ['processors topology orders', 'processors topology orders --format mermaid'],
  async run({ values, operands: [processor], signal, terminal }) {
    const client = await openClient(values, terminal)
    const query = { format: values.format }
    const found = await client.call('processorTopology', { path: { processor: processor! }, query }, signal)
    const text = typeof found === 'string' ? found : JSON.stringify(found, null, 2)
    terminal.out(text.endsWith('\n') ? text : `${text}\n`)
    return EXIT.ok
  },
})

const logs = leaf({
  name: 'logs',
  summary: 'The last lines that the instances of a processor logged or wrote, on all workers',
  operands: [one],
  options: {
    lines: { type: 'number', value: 'N', default: '100', max: 500, documentation: 'How many' },
    ...connectOptions,
  },
  endsUnread: true,
  examples: ['processors logs orders --lines 20'],
  async run({ values, operands: [processor], signal, terminal }) {
    const client = await openClient(values, terminal)
    const query = { lines: String(values.lines) }
    const found = await client.call('processorLogs', { path: { processor: processor! }, query }, signal)
    for (const { at, worker_id: worker, instance, level, message } of found.lines) {
      const who = instance === null ? worker : `${worker}/${instance}`
      for (const line of message.split('\n'))
        terminal.out(`${new Date(at).toISOString()} ${level.toUpperCase()} ${who} ${plain(line)}\n`)
    }
    for (const worker of found.silent_workers) terminal.err(`${worker} did not tell its lines\n`)
    return EXIT.ok
  },
})

export const processorsNode: Group = {
  name: 'processors',
  summary: 'Deploys processors on workers, and shows how they are',
  commands: [
    list,
    plugins,
    deploying('create', 'Deploys processors that are not there yet', false),
    deploying('apply', 'Deploys processors, or gives them other settings', true),
    validate,
    status,
    versions,
    turning(
      'pause',
      'Has processors commit and do nothing',
      'pauseProcessor',
      ['will be paused', 'will be held back'],
      ['PAUSED', isPaused],
    ),
    turning(
      'resume',
      'Has paused processors go on',
      'resumeProcessor',
      ['will run', 'will go on'],
      ['RUNNING', isRunning],
    ),
    restart,
    deleteLeaf,
    topology,
    logs,
  ],
}

export const processors = declared(processorsNode)
