import type { Kafka } from '@sluice/kafka'
import type { RawSettings, RunningConnector } from '@sluice/sdk'
import { Repeated, type WatchContext } from '../again.ts'
import { connectTo } from '../clusters.ts'
import { included } from '../filters.ts'
import { intervalMs, mirroredBy, type CheckpointSettings } from '../settings.ts'
import { deal } from '../splitting.ts'

/** The connector beside its tasks: finds groups that have offsets of mirrored topics, and has tasks made for them. */
export class GroupWatch implements RunningConnector<CheckpointSettings> {
  readonly #settings: CheckpointSettings
  readonly #context: WatchContext
  readonly #source: Kafka
  readonly #repeated: Repeated
  #groups: readonly string[] = []

  /** Looks for groups once; with `watches` again and again until it is stopped. */
  static async start(settings: CheckpointSettings, context: WatchContext, watches = true): Promise<GroupWatch> {
    const watch = new GroupWatch(settings, context, await connectTo('source', settings, context))
    try {
      await watch.#look()
      if (watches) watch.#watch()
      return watch
    } catch (error) {
      await watch.stop()
      throw error
    }
  }

  private constructor(settings: CheckpointSettings, context: WatchContext, source: Kafka) {
    this.#settings = settings
    this.#context = context
    this.#source = source
    this.#repeated = new Repeated(context.clock, context.logger)
  }

  taskSettings(_settings: CheckpointSettings, raw: RawSettings, maxTasks: number): RawSettings[] {
    return deal(this.#groups, maxTasks).map((hand) => ({ ...raw, 'task.assigned.groups': hand.join(',') }))
  }

  async stop(): Promise<void> {
    await this.#repeated.stop()
    await this.#source.close()
  }

  #watch(): void {
    const settings = this.#settings
    this.#repeated.every(
      intervalMs(settings['refresh.groups.enabled'], settings['refresh.groups.interval.seconds']),
      'Looking for groups',
      async () => {
        if (await this.#look()) this.#context.requestTaskReconfiguration()
      },
    )
  }

  /** Whether there are other groups than before. */
  async #look(): Promise<boolean> {
    const { groups: admin } = this.#source.admin
    const isWanted = included(this.#settings['groups'], this.#settings['groups.exclude'])
    const isMirrored = mirroredBy(this.#settings)
    const listed = await admin.list()
    const wanted = listed
      .filter(({ groupId, type, protocolType }) => isConsumers(type, protocolType) && isWanted(groupId))
      .map(({ groupId }) => groupId)
    const offsets = wanted.length === 0 ? [] : await admin.offsets(wanted)
    const groups = offsets
      .flatMap(({ item, value }) => (value?.some(({ topic }) => isMirrored(topic)) === true ? [item] : []))
      .toSorted()
    const hasChanged = groups.join('\n') !== this.#groups.join('\n')
    this.#groups = groups
    return hasChanged
  }
}

/** One without members has no protocol. */
function isConsumers(type: string, protocolType: string): boolean {
  return type === 'consumer' || ((type === 'classic' || type === '') && ['', 'consumer'].includes(protocolType))
}
