/**
 * Offsets that an operator sets or forgets (REST: PATCH and DELETE …/offsets). The tables say how far a sink got, whatever Kafka's group
 * says, so it is they that are put there: by entries of their logs that hold progress and no files.
 */
import { randomUUID } from 'node:crypto'
import { SluiceError, systemClock, systemRandom } from '@sluice/sdk'
import type { RawSettings, TopicPartition } from '@sluice/sdk'
import { DeltaTable, appIdOf, topicAppIdOf } from '@sluice/lake'
import type { DeltaPorts, TxnClaim } from '@sluice/lake'
import { fewAtATime } from './few-at-a-time.ts'
import { patience } from './patience.ts'
import type { LakeSettings } from './settings.ts'
import { refusalOf } from './shapes.ts'
import { TableRoutes, keyOf } from './table-route.ts'
import type { Route } from './table-route.ts'
import { ENGINE } from './target.ts'
import { TenantStores } from './tenants.ts'

/** What stands for none: from a log nothing is ever removed. */
const NOTHING = -1
const PORTS: DeltaPorts = {
  clock: systemClock,
  random: systemRandom,
  engineInfo: ENGINE,
  newId: randomUUID,
}

/** By partition: what is to be read next; null: as if nothing had been read. */
export type WantedOffsets = ReadonlyMap<TopicPartition, number | null>

type Wanted = readonly [TopicPartition, number | null]

/** Under which offsets stand in tables. */
type Names = Readonly<Record<'sink' | 'cluster', string>>

/** A table, and what is to change in it. */
interface Move {
  readonly table: DeltaTable
  readonly claims: TxnClaim[]
}

/**
 * All tables are looked at before any is changed; each is changed as a whole. Where one fails, asking again does the rest. Rows stay: what
 * is read again is appended again.
 * @param wanted empty, when all is to be forgotten and Kafka knows of nothing: then all that the tables of `topics` know is
 * @param raw the connector's settings as they were given, its name among them
 * @throws SluiceError SETTINGS_INVALID where it is not certain which tables hold the offsets
 */
export async function alterTableOffsets(
  settings: LakeSettings,
  wanted: WantedOffsets,
  raw: RawSettings,
): Promise<boolean> {
  for (const offset of wanted.values()) if (offset !== null && offset < 0) throw belowZero(offset)
  const stores = new TenantStores(settings, settings['lake.url'], settings, PORTS)
  const routes = TableRoutes.of(settings, stores.areSeveral)
  if (routes.isByField) throw uncertain('a field of each record decides which table it goes to (table.name)')
  const names = { sink: raw['name'] ?? '', cluster: settings['cluster.id'] }
  const routed = new Map<string, { readonly route: Route; readonly topics: string[] }>()
  for (const topic of topicsOf(wanted, raw)) {
    const route = routeOf(topic, routes, stores)
    if (route === undefined) {
      // Its records go to no table, so there Kafka's offset decides, which the worker sets.
      if (hasTransforms(raw)) throw renamed(topic)
      continue
    }
    const known = routed.get(keyOf(route))
    if (known === undefined) routed.set(keyOf(route), { route, topics: [topic] })
    else known.topics.push(topic)
  }
  const moves: Move[] = []
  try {
    await fewAtATime(routed.values(), async ({ route: { tenant, path }, topics }) => {
      const table = await DeltaTable.open(stores.open(tenant), path, PORTS, patience())
      const claims: TxnClaim[] = []
      if (table !== undefined) moves.push({ table, claims })
      for (const topic of topics) {
        const those = wantedOf(topic, wanted, names, table)
        const found = those.flatMap((entry) => claimsOf(entry, names, table))
        claims.push(...found)
        if (found.length === 0 && !routes.isOne && hasTransforms(raw)) throw renamed(topic)
      }
    })
    const changed = moves.filter(({ claims }) => claims.length > 0)
    await fewAtATime(changed, async ({ table, claims: txns }) => {
      await table.append({ txnId: randomUUID(), files: [], txns }, patience())
    })
  } finally {
    await Promise.all(moves.map(({ table }) => table.close()))
  }
  return true
}

/** Undefined: records of the topic are bad records. */
function routeOf(topic: string, routes: TableRoutes, stores: TenantStores): Route | undefined {
  try {
    const route = routes.ofTopic(topic)
    stores.assertKnown(route.tenant)
    return route
  } catch (error) {
    refusalOf(error)
    return undefined
  }
}

/** Of `topics`, where nothing is wanted in particular. */
export function topicsOf(wanted: WantedOffsets, raw: RawSettings): readonly string[] {
  if (wanted.size > 0) return [...new Set(Array.from(wanted.keys(), ({ topic }) => topic))]
  if (raw['topics'] === undefined) throw uncertain('Kafka’s group has no offsets, and topics.regex names no topics')
  const topics = raw['topics'].split(',').map((topic) => topic.trim())
  return topics.filter((topic) => topic !== '')
}

/** What is wanted of that topic. */
function wantedOf(
  topic: string,
  wanted: WantedOffsets,
  names: Names,
  table: DeltaTable | undefined,
): readonly Wanted[] {
  if (wanted.size > 0) return [...wanted].filter(([partition]) => partition.topic === topic)
  const prefix = appIdOf({ ...names, topic, partition: 0 }).slice(0, -1)
  return Array.from(table?.snapshot.txns ?? [])
    .filter(({ appId }) => appId.startsWith(prefix))
    .map(({ appId }) => [{ topic, partition: Number(appId.slice(prefix.length)) }, null])
}

/** Empty where the table knows nothing of the partition: there Kafka's offset decides, which the worker sets. */
function claimsOf([partition, offset]: Wanted, names: Names, table: DeltaTable | undefined): readonly TxnClaim[] {
  const appId = appIdOf({ ...names, ...partition })
  const held = table?.snapshot.txnVersion(appId)
  if (table === undefined || held === undefined) return []
  const claims = [{ appId, version: offset === null ? NOTHING : offset - 1, expected: Number(held) }]
  // The topic may have been made anew: which one it is, is learned with the next commit.
  const topic = topicAppIdOf(appId)
  const mark = table.snapshot.txnVersion(topic)
  if (mark !== undefined) claims.push({ appId: topic, version: NOTHING, expected: Number(mark) })
  return claims
}

function hasTransforms(raw: RawSettings): boolean {
  return (raw['transforms'] ?? '').trim() !== ''
}

function renamed(topic: string): SluiceError {
  return uncertain(`transforms may have given the records of ${topic} another topic, and with it another table`)
}

function uncertain(why: string): SluiceError {
  return new SluiceError(
    'SETTINGS_INVALID',
    `The tables hold the offsets of this sink, and which tables those are is not certain: ${why}`,
    {
      remedy:
        'Nothing was changed. To begin anew, give the connector another name, or set cluster.id: under a new name the tables hold no offset of it, and Kafka’s decides. Or delete the tables, where their rows are not wanted either.',
    },
  )
}

export function belowZero(offset: number): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `There is no offset ${offset}: the first one of a partition is 0`)
}
