/** Which keys of a processor may be paused, and what the catalogue has of them then. Pure. */
import type { PausedKeysRecord } from '../catalogue/catalogue-records.ts'
import { HerderError } from '../herder/herder.ts'
import type { PausedKey } from '../record-path/task-control.ts'
import type { DescribedTopology } from './described.ts'

/** Each record's key is looked for among them; and they are one row of the catalogue. */
export const PAUSED_KEYS_MAX = 1_000
const KEY_BYTES_MAX = 4_096
const ROW_CHARS_MAX = 500_000

/** @throws HerderError 400 for a topic that it does not read, or whose keys cannot be paused, with the reason */
export function checkPausable(name: string, { topic, key }: PausedKey, { pausable }: DescribedTopology): void {
  const { topics, isOpen } = pausable
  const found = Object.hasOwn(topics, topic) ? topics[topic] : undefined
  if (typeof found === 'string') throw new HerderError(400, found)
  if (found === undefined && !isOpen) {
    const read = Object.keys(topics).join(', ')
    throw new HerderError(400, `Processor ${name} does not read topic ${topic}: it reads ${read}`)
  }
  if (Buffer.from(key, 'base64').length > KEY_BYTES_MAX)
    throw new HerderError(400, `The key has more than ${KEY_BYTES_MAX} bytes`)
}

/** @throws HerderError 400 where a topology that is to go on with them cannot hold them back */
export function checkStillPausable(keys: readonly PausedKey[], { pausable }: DescribedTopology): void {
  for (const topic of new Set(keys.map((one) => one.topic))) {
    const reason = Object.hasOwn(pausable.topics, topic) ? pausable.topics[topic] : null
    if (typeof reason === 'string')
      throw new HerderError(400, `Keys of topic ${topic} are paused, which this topology does not allow: ${reason}`)
  }
}

/** Null: it is paused already. @throws HerderError 400 for too many */
export function withKey(keys: readonly PausedKey[], added: PausedKey): PausedKeysRecord | null {
  if (keys.some((one) => isSame(one, added))) return null
  const all = [...keys, added]
  const chars = all.reduce((sum, { topic, key }) => sum + topic.length + key.length, 0)
  if (all.length <= PAUSED_KEYS_MAX && chars <= ROW_CHARS_MAX) return { keys: all }
  throw new HerderError(400, `${keys.length} keys are paused, and no more can be: at most ${PAUSED_KEYS_MAX}`)
}

/** Undefined: it is not paused; null: none is any more. */
export function withoutKey(keys: readonly PausedKey[], gone: PausedKey): PausedKeysRecord | null | undefined {
  const left = keys.filter((one) => !isSame(one, gone))
  if (left.length === keys.length) return undefined
  return left.length === 0 ? null : { keys: left }
}

function isSame(a: PausedKey, b: PausedKey): boolean {
  return a.topic === b.topic && a.key === b.key
}
