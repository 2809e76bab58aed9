import type { TopicSpec } from '@sluice/kafka'
import { SluiceError, type RawSettings } from '@sluice/sdk'

/** How topics of a kind that do not exist yet are made (KIP-158). */
interface CreationGroup {
  readonly name: string
  /** Null: every topic. */
  readonly include: RegExp | null
  readonly exclude: RegExp | null
  /** -1: the broker's default. */
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

const PREFIX = 'topic.creation.'
const DEFAULT = 'default'
const OWN = new Set(['include', 'exclude', 'partitions', 'replication.factor'])

/**
 * The rules of a connector: `topic.creation.groups` in their order, then `default`. The first group whose `include` matches the whole
 * name and whose `exclude` does not decides. A group without numbers of its own has those of `default`; its topic settings are its own.
 */
export class TopicCreation {
  readonly #groups: readonly CreationGroup[]

  private constructor(groups: readonly CreationGroup[]) {
    this.#groups = groups
  }

  /** @throws SluiceError SETTINGS_INVALID for a number or a regular expression that is none */
  static of(raw: RawSettings): TopicCreation {
    const fallback = { partitions: -1, replicationFactor: -1 }
    const last = groupOf(DEFAULT, raw, fallback)
    const names = listOf(raw[`${PREFIX}groups`]).filter((name) => name !== DEFAULT)
    return new TopicCreation([...names.map((name) => groupOf(name, raw, last)), last])
  }

  spec(topic: string): TopicSpec {
    const { partitions, replicationFactor, configs } = this.#groups.find((group) => matches(group, topic))!
    return { topic, partitions, replicationFactor, configs }
  }
}

function matches({ include, exclude }: CreationGroup, topic: string): boolean {
  return (include === null || include.test(topic)) && exclude?.test(topic) !== true
}

function groupOf(
  name: string,
  raw: RawSettings,
  fallback: Pick<CreationGroup, 'partitions' | 'replicationFactor'>,
): CreationGroup {
  const prefix = `${PREFIX}${name}.`
  const configs = Object.entries(raw)
    .filter(([key]) => key.startsWith(prefix) && !OWN.has(key.slice(prefix.length)))
    .map(([key, value]) => [key.slice(prefix.length), value] as const)
  return {
    name,
    include: name === DEFAULT ? null : patternOf(`${prefix}include`, raw),
    exclude: name === DEFAULT ? null : patternOf(`${prefix}exclude`, raw),
    partitions: numberOf(`${prefix}partitions`, raw) ?? fallback.partitions,
    replicationFactor: numberOf(`${prefix}replication.factor`, raw) ?? fallback.replicationFactor,
    configs: Object.fromEntries(configs),
  }
}

function numberOf(key: string, raw: RawSettings): number | undefined {
  const text = raw[key]?.trim()
  if (text === undefined || text === '') return undefined
  const number = Number(text)
  if (Number.isInteger(number) && (number === -1 || number > 0)) return number
  throw invalid(key, text, 'a whole number from 1, or -1 for what the broker makes by default')
}

function patternOf(key: string, raw: RawSettings): RegExp | null {
  const patterns = listOf(raw[key])
  // No pattern matches nothing: a group without `include` has no topics.
  if (patterns.length === 0) return key.endsWith('.include') ? /[^\s\S]/ : null
  try {
    return new RegExp(`^(?:${patterns.map((pattern) => `(?:${pattern})`).join('|')})$`)
  } catch {
    throw invalid(key, raw[key]!, 'regular expressions, separated by commas')
  }
}

function invalid(key: string, value: string, right: string): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `Invalid value ${value} for configuration ${key}: it is to be ${right}`)
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
}
