/** Looks at a processor before it runs: settings, topology, and the topics that it reads. Runs its code: in a cell. */
import { inspect } from 'node:util'
import type { Kafka } from '@sluice/kafka'
import {
  describeError,
  isRetriable,
  MemoryMetrics,
  SluiceError,
  withErrors,
  type Clock,
  type RawSettings,
  type SettingProblem,
  type SettingsValidation,
} from '@sluice/sdk'
import {
  checkPause,
  KafkaStreams,
  planPartitions,
  StreamsBuilder,
  streamsSettings,
  writtenTopology,
  type Processor,
  type Topology,
  type WrittenTopology,
} from '@sluice/streams'
import { OutOfTime, withinTime } from '../operations/health.ts'
import { clean } from '../provided-values.ts'
import { merged } from '../validation/answer.ts'
import { withoutProvided } from '../validation/redaction.ts'
import type { DescribedProcessor, PausableKeys } from './described.ts'
import { whereOf } from './load-processor.ts'
import { nameProblem, processorSettings } from './processor-settings.ts'
import { unknownSettings } from './unknown-settings.ts'

export interface DescribeParts {
  readonly processor: Processor
  /** As it was given, complete; and resolved. */
  readonly given: RawSettings
  readonly settings: RawSettings
  /** Of config providers: not to be told. */
  readonly values: ReadonlySet<string>
  /** What the state of this application was written by; null: nothing is known. */
  readonly known: (application: string) => WrittenTopology | null
  readonly kafka: () => Promise<Kafka>
  readonly clock: Clock
}

const CLASS = 'processor.class'
const HOSTED = 'connector.class'
const BROKERS = 'bootstrap.servers'
const BROKERS_MESSAGE = `${BROKERS} has no effect on a processor of a worker, which reads the worker's Kafka: leave it out`
/** How long Kafka may take to tell how many partitions there are: less than the cell is given. */
const KAFKA_MS = 10_000

/** @throws SluiceError, retriable, where Kafka cannot be asked now: that says nothing about the config */
export async function describeProcessor(parts: DescribeParts): Promise<DescribedProcessor> {
  const { processor, given, settings, values } = parts
  const answer = settingsAnswer(processor, settings)
  const problems: SettingProblem[] = []
  const application = settings['application.id'] ?? ''
  const badName = nameProblem('application.id', application)
  const isToldOf = answer.configs.some(({ value }) => value.name === 'application.id' && value.errors.length > 0)
  if (badName !== null && !isToldOf) problems.push({ setting: 'application.id', message: badName })
  let topology: Topology | null = null
  // Settings that are wrong are told by themselves: what a topology makes of them would only repeat it.
  if (answer.error_count === 0) {
    try {
      topology = topologyOf(processor, settings)
      problems.push(...namesMissing(topology))
    } catch (error) {
      problems.push(complaint(thrownBy(error)))
    }
  }
  const fit = topology === null ? NO_FIT : await fitOf(topology, application, parts)
  problems.push(...fit.problems)
  const provided = new Set(Object.keys(given).filter((setting) => given[setting] !== settings[setting]))
  const told = withoutProvided(withErrors(answer, problems), given, { settings, provided, values, ttlMs: null })
  // That nobody knows a name says nothing of its value, and is told as it is.
  const validation = withErrors(told, unknownNames(processor, given))
  return {
    version: processor.version,
    application,
    written: fit.written && JSON.stringify(fit.written),
    validation: cleaned(validation, values),
    topology: topology && {
      text: clean(topology.describe(), values),
      json: JSON.parse(clean(JSON.stringify(topology), values)) as unknown,
      mermaid: clean(topology.toMermaid(), values),
      pausable: pausableOf(topology.forApplication(application)),
    },
  }
}

/** Whatever it throws: it may be anything, and have no words. */
function thrownBy(error: unknown): string {
  if (!(error instanceof Error)) return `The topology threw what is no error: ${inspect(error)}`
  const where = whereOf(error)
  return where === ''
    ? describeError(error)
    : `The topology cannot be written down${where}; because: ${describeError(error)}`
}

/** Built once more for each instance: a topology is cheap, and nothing is shared. */
export function topologyOf(processor: Processor, settings: RawSettings): Topology {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse(settings))
  return builder.build()
}

const common = processorSettings.extend(streamsSettings)

function settingsAnswer(processor: Processor, settings: RawSettings): SettingsValidation {
  return merged(common.validate(settings, processor.name), processor.settings.validate(settings, processor.name))
}

/** What hosts of cells put in is not the user's. */
function unknownNames(processor: Processor, given: RawSettings): readonly SettingProblem[] {
  const { [HOSTED]: _, ...own } = given
  return unknownSettings(common.extend(processor.settings), own).map((problem) =>
    problem.setting === BROKERS ? { ...problem, message: BROKERS_MESSAGE } : problem,
  )
}

/** Generated names change with whatever is inserted before them, and what is stored under them is lost (KIP-1111). */
function namesMissing(topology: Topology): readonly SettingProblem[] {
  const stores = topology
    .unnamedStores()
    .map(
      (store) => `The store ${store} has no name of its own: give it one by materialized.name (or storeName of a join)`,
    )
  const topics = topology
    .unnamedTopics()
    .map(
      (topic) =>
        `The repartition topic ${topic} has no name of its own: give it one by the name of grouped or of the join`,
    )
  const why = ', or its rows are lost as soon as an operator is put before it'
  return [...stores, ...topics].map((what) => complaint(`${what}${why}`))
}

/** @param named the application's */
function pausableOf(named: Topology): PausableKeys {
  const topics = new Set(named.sources.flatMap((source) => source.topics))
  const isOpen = named.hasPatterns
  return { topics: Object.fromEntries([...topics].map((topic) => [topic, whyNot(named, topic)])), isOpen }
}

function whyNot(named: Topology, topic: string): string | null {
  try {
    checkPause({ topic, key: '' }, named)
    return null
  } catch (error) {
    return error instanceof SluiceError ? error.message : describeError(error)
  }
}

/** How a topology fits what there is in Kafka. */
interface Fit {
  readonly problems: readonly SettingProblem[]
  readonly written: WrittenTopology | null
}

const NO_FIT: Fit = { problems: [], written: null }

async function fitOf(topology: Topology, application: string, { clock, ...parts }: DescribeParts): Promise<Fit> {
  try {
    return await withinTime(lookUp(topology, application, parts), KAFKA_MS, clock)
  } catch (error) {
    if (error instanceof OutOfTime) throw noAnswer(error)
    if (isRetriable(error)) throw error
    return { problems: [complaint(describeError(error))], written: null }
  }
}

/** Topics that are not there yet may come: then the processor looks itself. */
async function lookUp(
  topology: Topology,
  application: string,
  { settings, known, kafka: open }: Omit<DescribeParts, 'clock'>,
): Promise<Fit> {
  const kafka = await open()
  const before = known(application)
  const record = { read: async () => before, write: async () => undefined }
  // What no run would begin with is refused here, too: times that cannot be, and sources of what fails in them.
  const streams = new KafkaStreams(topology, streamsSettings.parse(settings), {
    kafka,
    record,
    metrics: new MemoryMetrics(),
  })
  if (topology.hasPatterns) return NO_FIT
  const named = topology.forApplication(application)
  const topics = named.sources.flatMap((source) => source.topics).filter((topic) => !named.repartitions.has(topic))
  const counts = await partitionCounts(new Set(topics), kafka)
  if (topics.some((topic) => !counts.has(topic))) return NO_FIT
  const written = writtenTopology(named, application, planPartitions(named, counts))
  if (before === null) return { problems: [], written }
  const { steps } = await streams.plan()
  const refused = steps.filter(({ action }) => action === 'refuse')
  const problems = refused.map(({ kind, name, reason, remedy = '' }) =>
    complaint(`The topology does not fit the state that is stored: ${kind} ${name}: ${reason}. ${remedy}`.trim()),
  )
  return { problems, written }
}

async function partitionCounts(topics: ReadonlySet<string>, { admin }: Kafka): Promise<ReadonlyMap<string, number>> {
  const found = await admin.describeTopics([...topics])
  return new Map(found.map(({ topic, partitions }) => [topic, partitions]))
}

function noAnswer(cause: OutOfTime): SluiceError {
  return new SluiceError('KAFKA_TIMEOUT', 'Kafka did not tell how many partitions the topics have', {
    cause,
    retriable: true,
  })
}

function complaint(message: string): SettingProblem {
  return { setting: CLASS, message }
}

function cleaned(answer: SettingsValidation, values: ReadonlySet<string>): SettingsValidation {
  if (values.size === 0) return answer
  const configs = answer.configs.map(({ definition, value }) => ({
    definition,
    value: { ...value, errors: value.errors.map((error) => clean(error, values)) },
  }))
  return { ...answer, configs }
}
