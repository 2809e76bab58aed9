import { ApiError } from '../api/handler.ts'
import type { BrokerSettings } from '../broker.ts'
import { BROKER_SETTINGS, GROUP_SETTINGS } from './broker-setting-table.ts'
import { checkSetting } from './setting.ts'
import type { StateFile } from './state-file.ts'

/** Where a value comes from, most specific first. Numbers are those of DescribeConfigs. */
export const SOURCES = { topic: 1, node: 2, cluster: 3, static: 4, default: 5, group: 8 } as const
export type Source = keyof typeof SOURCES

export interface SettingValue {
  readonly source: Source
  readonly name: string
  readonly value: string | null
}

export type Overrides = Readonly<Record<string, string>>

/** What can be altered here: all nodes together (`''`), one node by its id, or a group. */
export interface AlterableResource {
  readonly kind: 'node' | 'group'
  readonly name: string
}

interface Saved {
  nodes: Record<string, Overrides>
  groups: Record<string, Overrides>
}

/**
 * Broker settings: what was given at the start over defaults, and what was altered since over both. Alterations are kept in a file.
 * All nodes live in one process, so what is altered for one of them is true for the broker.
 */
export class ConfiguredSettings implements BrokerSettings {
  readonly #given: Overrides
  readonly #file: StateFile
  readonly #saved: Saved
  /** Current values: asked for with every request. */
  readonly #texts = new Map<string, string | null>()
  readonly #numbers = new Map<string, number>()
  readonly #listeners: (() => void)[] = []

  /** Throws INVALID_CONFIG for a value that cannot be. Names that are not in the table are kept for whoever knows them. */
  constructor(given: Overrides, file: StateFile) {
    for (const [name, value] of Object.entries(given)) {
      const setting = BROKER_SETTINGS.get(name)
      if (setting !== undefined) checkSetting(setting, value)
    }
    this.#given = given
    this.#file = file
    this.#saved = savedIn(file.load())
  }

  number(name: string): number {
    const cached = this.#numbers.get(name)
    if (cached !== undefined) return cached
    const value = this.#current(name)
    const number = value === null ? Number.NaN : Number(value)
    this.#numbers.set(name, number)
    return number
  }

  boolean(name: string): boolean {
    return this.#current(name)?.toLowerCase() === 'true'
  }

  /** Empty where there is no value. */
  text(name: string): string {
    return this.#current(name) ?? ''
  }

  /** A setting of one group (`consumer.session.timeout.ms`): its own, or the broker's default for groups. */
  ofGroup(groupId: string, name: string): number {
    return Number(this.#saved.groups[groupId]?.[name] ?? this.text(`group.${name}`))
  }

  /** What somebody set a broker setting to, at the start or since; undefined when nobody did. */
  override(name: string): string | undefined {
    const value = this.valuesOf(name)[0]
    return value === undefined || value.source === 'default' ? undefined : (value.value ?? undefined)
  }

  /** Called after something was altered for nodes. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  /** All that is known of a broker setting, the value that counts first; of one node, or of whichever has it. */
  valuesOf(name: string, ofNode?: string): SettingValue[] {
    const values: SettingValue[] = []
    for (const [node, overrides] of Object.entries(this.#saved.nodes)) {
      const value = overrides[name]
      if (value === undefined || (ofNode !== undefined && node !== '' && node !== ofNode)) continue
      values.push({ source: node === '' ? 'cluster' : 'node', name, value })
    }
    values.sort((a, b) => SOURCES[a.source] - SOURCES[b.source])
    const given = this.#given[name]
    if (given !== undefined) values.push({ source: 'static', name, value: given })
    const setting = BROKER_SETTINGS.get(name)
    if (setting !== undefined && setting.default !== null)
      values.push({ source: 'default', name, value: setting.default })
    return values
  }

  /** What was altered for a resource. */
  overrides({ kind, name }: AlterableResource): Overrides {
    return (kind === 'group' ? this.#saved.groups[name] : this.#saved.nodes[name]) ?? {}
  }

  /** Names of groups, or nodes, that something was altered for. */
  altered(kind: AlterableResource['kind']): string[] {
    return Object.keys(kind === 'group' ? this.#saved.groups : this.#saved.nodes)
  }

  /**
   * Throws unless `alter` would take this: INVALID_CONFIG, and of nodes INVALID_REQUEST. As in Kafka a node keeps settings that it
   * does not know, which may be those of a plugin.
   */
  check({ kind, name: resource }: AlterableResource, overrides: Overrides): void {
    for (const [name, value] of Object.entries(overrides)) {
      if (kind === 'group') this.#checkOfGroup(resource, name, value)
      else checkOfNode(name, value)
    }
  }

  /** Replaces what was altered for a resource; durable when it returns. */
  alter(resource: AlterableResource, overrides: Overrides): void {
    this.check(resource, overrides)
    const saved = resource.kind === 'group' ? this.#saved.groups : this.#saved.nodes
    const before = saved[resource.name]
    if (Object.keys(overrides).length === 0) delete saved[resource.name]
    else saved[resource.name] = overrides
    try {
      this.#file.save(this.#saved)
    } catch (error) {
      if (before === undefined) delete saved[resource.name]
      else saved[resource.name] = before
      const reason = error instanceof Error ? error.message : String(error)
      throw new ApiError('KAFKA_STORAGE_ERROR', `Settings cannot be saved: ${reason}`)
    }
    this.#numbers.clear()
    this.#texts.clear()
    if (resource.kind === 'node') for (const listener of this.#listeners) listener()
  }

  #current(name: string): string | null {
    const cached = this.#texts.get(name)
    if (cached !== undefined) return cached
    if (!BROKER_SETTINGS.has(name) && this.#given[name] === undefined) {
      throw new TypeError(`${name} is no broker setting`)
    }
    const value = this.valuesOf(name)[0]?.value ?? null
    this.#texts.set(name, value)
    return value
  }

  #checkOfGroup(groupId: string, name: string, value: string): void {
    const setting = GROUP_SETTINGS.get(name)
    if (setting === undefined) throw new ApiError('INVALID_CONFIG', `Unknown group config name: ${name}`)
    checkSetting(setting, value)
    const limited = /^consumer\.(session\.timeout|heartbeat\.interval)\.ms$/.exec(name)
    if (limited === null) return
    const lowest = this.number(`group.consumer.min.${limited[1]}.ms`)
    const highest = this.number(`group.consumer.max.${limited[1]}.ms`)
    if (Number(value) < lowest || Number(value) > highest) {
      throw new ApiError('INVALID_CONFIG', `${name} of ${groupId} must be between ${lowest} and ${highest}`)
    }
  }
}

function checkOfNode(name: string, value: string): void {
  const setting = BROKER_SETTINGS.get(name)
  if (setting === undefined) return
  if (!setting.isDynamic) {
    throw new ApiError('INVALID_REQUEST', `Cannot update these configs dynamically: [${name}]`)
  }
  try {
    checkSetting(setting, value)
  } catch (error) {
    // Kafka's controller looks at nodes' settings before it gets to values, and calls this a bad request.
    throw error instanceof ApiError ? new ApiError('INVALID_REQUEST', error.message) : error
  }
}

function savedIn(document: unknown): Saved {
  const saved: Saved = { nodes: Object.create(null) as Saved['nodes'], groups: Object.create(null) as Saved['groups'] }
  if (typeof document !== 'object' || document === null) return saved
  if ('nodes' in document) Object.assign(saved.nodes, document.nodes)
  if ('groups' in document) Object.assign(saved.groups, document.groups)
  return saved
}
