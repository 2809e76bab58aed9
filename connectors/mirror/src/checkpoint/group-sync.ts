import type { Admin } from '@sluice/kafka'
import type { Logger } from '@sluice/sdk'
import type { Checkpoint } from '../formats/checkpoint.ts'

/** A group in one of these states has nobody who would not know that its offsets have moved. */
const UNUSED: ReadonlySet<string> = new Set(['Empty', 'Dead'])

/**
 * Commits on the target where groups go on: for those that nobody is in there, and only forward, so that a group that was moved over and
 * has gone on is not put back. @returns how many offsets were committed
 */
export async function syncGroupOffsets(
  target: Pick<Admin, 'groups'>,
  groups: readonly string[],
  checkpointsOf: (group: string) => readonly Checkpoint[],
  logger: Logger,
): Promise<number> {
  const some = groups.filter((group) => checkpointsOf(group).length > 0)
  const unused = await unusedGroups(target, some, logger)
  if (unused.length === 0) return 0
  let committed = 0
  for (const { item: group, value, error } of await target.groups.offsets(unused)) {
    if (error !== null && !isUnknown(error)) {
      logger.warn('The offsets of a group on the target are not known', { group, error: error.message })
      continue
    }
    const current = new Map((value ?? []).map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]))
    const ahead = checkpointsOf(group).filter(
      ({ topic, partition, downstreamOffset }) => (current.get(`${topic}-${partition}`) ?? -1) < downstreamOffset,
    )
    if (ahead.length > 0) committed += await commit(target, group, ahead, logger)
  }
  return committed
}

async function unusedGroups(
  target: Pick<Admin, 'groups'>,
  groups: readonly string[],
  logger: Logger,
): Promise<string[]> {
  if (groups.length === 0) return []
  const described = await target.groups.describe(groups)
  return described.flatMap(({ item, value, error }) => {
    if (error === null) return UNUSED.has(value.state) ? [item] : []
    if (isUnknown(error)) return [item]
    logger.warn('A group on the target is not known', { group: item, error: error.message })
    return []
  })
}

async function commit(
  target: Pick<Admin, 'groups'>,
  group: string,
  checkpoints: readonly Checkpoint[],
  logger: Logger,
): Promise<number> {
  const offsets = checkpoints.map(({ topic, partition, downstreamOffset, metadata }) => ({
    topic,
    partition,
    offset: downstreamOffset,
    metadata,
  }))
  const outcomes = await target.groups.alterOffsets(group, offsets)
  const refused = outcomes.filter(({ error }) => error !== null)
  // Somebody has joined since it was looked at.
  const [first] = refused.filter(({ error }) => error?.place?.['error'] !== 'UNKNOWN_MEMBER_ID')
  if (first !== undefined)
    logger.warn('Translated offsets could not be committed', { group, error: first.error?.message })
  return outcomes.length - refused.length
}

function isUnknown(error: { readonly place?: Readonly<Record<string, string | number>> | undefined }): boolean {
  return error.place?.['error'] === 'GROUP_ID_NOT_FOUND'
}
