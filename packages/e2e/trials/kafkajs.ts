/**
 * kafkajs for ledgers. Its version 2.2.4 takes note of one aborted transaction with each record that it looks at. Where an answer of a broker
 * begins within several, the first records of all but one are handed out with read_committed, and a ledger would find them twice: from Apache
 * Kafka just the same. So the function that leaves out what was aborted is replaced before the rest of kafkajs asks for it.
 */
import { createRequire } from 'node:module'
import { type AbortedTransaction, type ReadRecord, withoutAborted } from './without-aborted.ts'

const require = createRequire(import.meta.url)
const theirs = require.resolve('kafkajs/src/consumer/filterAbortedMessages')
if (require.cache[require.resolve('kafkajs')] !== undefined)
  throw new Error('kafkajs was loaded before it was mended: import it from trials/kafkajs.ts')
require(theirs)
require.cache[theirs]!.exports = ({ messages, abortedTransactions }: Answer) =>
  withoutAborted(messages, abortedTransactions)

interface Answer {
  readonly messages: readonly ReadRecord[]
  readonly abortedTransactions?: readonly AbortedTransaction[]
}

export default require('kafkajs') as typeof import('kafkajs')
