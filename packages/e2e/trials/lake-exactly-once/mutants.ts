/**
 * The lake sink with one thing wrong, for a worker to be started with: they show that the ledger sees. Each is the sink as it is; what it
 * stands on is changed in the process of its task, where nobody else lives.
 */
import { lakeSink } from '@sluice/connector-lake'
import { openObjectStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { defineSink, type SinkConnector } from '@sluice/sdk'

function mutant(name: string, plant: () => void): SinkConnector {
  let isPlanted = false
  return defineSink({
    ...lakeSink,
    name,
    aliases: [],
    createTask(settings, context) {
      if (!isPlanted) plant()
      isPlanted = true
      return lakeSink.createTask(settings, context)
    },
  }) as SinkConnector
}

/** A commit that meets another's takes the next version that is free, and does not look at what the others say. */
const skipTxnCheck = mutant('lake-skip-txn-check', () => {
  const { putIfAbsent } = s3Prototype()
  s3Prototype().putIfAbsent = async function (this: ObjectStore, path, bytes, call) {
    const entry = /^(.*\/_delta_log\/)(\d{20})\.json$/.exec(path)
    if (entry === null) return putIfAbsent.call(this, path, bytes, call)
    for (let version = Number(entry[2]); ; version++) {
      const next = `${entry[1]}${String(version).padStart(20, '0')}.json`
      if ((await putIfAbsent.call(this, next, bytes, call)) === 'created') return 'created'
    }
  }
})

/** A commit that meets another's is taken for done. */
const takeExistsForDone = mutant('lake-412-is-success', () => {
  const { putIfAbsent } = s3Prototype()
  s3Prototype().putIfAbsent = async function (this: ObjectStore, path, bytes, call) {
    const answer = await putIfAbsent.call(this, path, bytes, call)
    return path.includes('/_delta_log/') ? 'created' : answer
  }
})

/** Files go to the store when the entry that names them is there. */
const commitFirst = mutant('lake-commit-before-upload', () => {
  const { put, putIfAbsent } = s3Prototype()
  const waiting: (() => Promise<void>)[] = []
  s3Prototype().put = async function (this: ObjectStore, path, bytes, call) {
    if (path.endsWith('.parquet')) waiting.push(() => put.call(this, path, bytes, call))
    else await put.call(this, path, bytes, call)
  }
  s3Prototype().putIfAbsent = async function (this: ObjectStore, path, bytes, call) {
    const answer = await putIfAbsent.call(this, path, bytes, call)
    if (path.includes('/_delta_log/') && answer === 'created') for (const upload of waiting.splice(0)) await upload()
    return answer
  }
})

function s3Prototype(): Pick<ObjectStore, 'put' | 'putIfAbsent'> {
  return Object.getPrototypeOf(openObjectStore('s3://lake')) as Pick<ObjectStore, 'put' | 'putIfAbsent'>
}

export default [skipTxnCheck, takeExistsForDone, commitFirst]
