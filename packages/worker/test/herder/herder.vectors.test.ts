import { afterEach, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import type { ConnectorOffset, TargetState } from '../../src/herder/herder.ts'
import { FILES, readTopicVectors, type TopicStep, type TopicVector } from '../support/topic-vectors.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

/** Its tasks have ended by themselves in the exactly once run, so that they had nothing to say when they were stopped. */
const ENDED = { 'connect/internal-topics-eos.json': ['task two-0', 'task two-1', 'task two-2'] } as Readonly<
  Record<string, readonly string[]>
>

let cluster: FakeCluster

afterEach(async () => {
  await cluster.stop()
})

test.each(FILES)(
  '%s: the same requests write the same records to the config topic, in the same order',
  async (file) => {
    const steps = readTopicVectors(file)
    const worker = await begin(file)
    let seen = 0
    let compared = 0
    for (const step of steps) {
      await take(step, worker)
      const written = cluster.topic.keys().slice(seen)
      seen = cluster.topic.keys().length
      const expected = step.records.configs.map(({ key, value }) =>
        value === null ? `${String(key)} gone` : String(key),
      )
      expect({ step: step.what, written }).toEqual({ step: step.what, written: expected })
      compared += expected.length
    }
    expect(compared).toBeGreaterThan(0)
    console.info(`${file}: ${compared} config records of ${steps.length} steps`)
  },
)

test.each(FILES)('%s: connectors and tasks say the same of themselves, in the same order', async (file) => {
  const worker = await begin(file)
  const expected = new Map<string, string[]>()
  for (const step of readTopicVectors(file)) {
    await take(step, worker)
    for (const record of step.records.status) note(expected, ...said(record))
  }
  const written = new Map<string, string[]>()
  for (const line of cluster.status.log) {
    const at = line.lastIndexOf(' ')
    if (!line.startsWith('topic ')) note(written, line.slice(0, at), line.slice(at + 1))
  }
  for (const name of ['topic', ...(ENDED[file] ?? [])]) for (const each of [expected, written]) each.delete(name)
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(expected))
})

async function begin(file: string): Promise<FakeWorker> {
  cluster = new FakeCluster()
  const isExactlyOnceSource = file.includes('eos')
  cluster.topic.isFencing = isExactlyOnceSource
  const [worker] = await cluster.form(1, { isExactlyOnceSource })
  return worker!
}

/** Asks what the step asks, and waits until nothing more comes of it. */
async function take({ request }: TopicStep, { herder, host }: FakeWorker): Promise<void> {
  if (request !== null) {
    const { pathname, searchParams } = new URL(request.path, 'http://worker')
    const [, root, name = '', what, ...rest] = pathname.split('/')
    const body = request.body as Readonly<Record<string, unknown>> | null
    const ask = async (): Promise<unknown> => {
      if (root === 'admin') return herder.setClusterLoggerLevel(what!, String(body!['level']))
      switch (`${request.method} ${what ?? ''}`) {
        case 'POST ':
          return create(herder, body!)
        case 'PUT config':
          return herder.putConnectorConfig(name, { ...(body as RawSettings), name }, { mayReplace: true })
        case 'PATCH config':
          return herder.patchConnectorConfig(name, body as Record<string, string | null>)
        case 'DELETE ':
          return herder.deleteConnector(name)
        case 'PUT pause':
          return herder.pauseConnector(name)
        case 'PUT resume':
          return herder.resumeConnector(name)
        case 'PUT stop':
          return herder.stopConnector(name)
        case 'POST restart': {
          const [includeTasks, onlyFailed] = ['includeTasks', 'onlyFailed'].map(
            (key) => searchParams.get(key) === 'true',
          )
          const isPlan = includeTasks === true || onlyFailed === true
          return isPlan
            ? herder.restartConnectorAndTasks({ connector: name, includeTasks: includeTasks!, onlyFailed: onlyFailed! })
            : herder.restartConnector(name)
        }
        case 'POST tasks':
          return herder.restartTask({ connector: name, task: Number(rest[0]) })
        case 'PATCH offsets':
          return herder.alterConnectorOffsets(name, body!['offsets'] as readonly ConnectorOffset[])
        case 'DELETE offsets':
          return herder.alterConnectorOffsets(name, null)
        case 'PUT topics':
          return herder.resetActiveTopics(name)
        default:
          throw new Error(`a request that is not known here: ${request.method} ${request.path}`)
      }
    }
    await cluster.given(ask())
  }
  await cluster.pass(1_000)
  for (const id of host.tasks)
    if (id.connector === 'bad' && cluster.status.task(id)?.state === 'RUNNING') host.tellTask(id, 'FAILED', 'it fails')
  await cluster.quiet()
}

function create(herder: FakeWorker['herder'], body: Readonly<Record<string, unknown>>): Promise<unknown> {
  const name = String(body['name'])
  const state = body['initial_state'] as TargetState | undefined
  return herder.putConnectorConfig(
    name,
    { ...(body['config'] as RawSettings), name },
    { mayReplace: false, ...(state === undefined ? {} : { targetState: state }) },
  )
}

/** Who says what; a tombstone says DESTROYED. */
function said({ key, value }: TopicVector): readonly [string, string] {
  const [, kind, name] = /^status-(connector|task|topic)-(.*)$/.exec(String(key))!
  if (kind === 'topic') return ['topic', '']
  return [`${kind} ${name}`, value === null ? 'DESTROYED' : (JSON.parse(String(value)) as { state: string }).state]
}

/** That something is gone is said several times over: once is enough. */
function note(all: Map<string, string[]>, who: string, what: string): void {
  const of = all.get(who) ?? []
  all.set(who, of)
  if (what !== 'DESTROYED' || of.at(-1) !== what) of.push(what)
}
