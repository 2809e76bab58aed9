import { randomBytes } from 'node:crypto'
import type { StateFile } from './settings/state-file.ts'

/** The id of the cluster: made at the first start, kept with the data. */
export function clusterIdIn(file: StateFile): string {
  const saved = file.load()
  if (typeof saved === 'object' && saved !== null && 'clusterId' in saved && typeof saved.clusterId === 'string') {
    return saved.clusterId
  }
  const clusterId = randomBytes(16).toString('base64url')
  file.save({ clusterId })
  return clusterId
}
