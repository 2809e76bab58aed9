import { SluiceError } from '@sluice/sdk'

/** In one word, why a snapshot is passed over. */
export type Unfit = 'torn' | 'foreign' | 'corrupted' | 'format' | 'too old' | 'ahead'

const REMEDY = 'Nothing is lost: an older snapshot is used, or else the changelogs.'

export function snapshotUnusable(why: Unfit, what: string, cause?: unknown): SluiceError {
  return new SluiceError('SNAPSHOT_UNUSABLE', `A snapshot is ${why}: ${what}`, {
    ...(cause === undefined ? {} : { cause }),
    place: { why },
    remedy: REMEDY,
  })
}
