import { type Clock, isRetriable, SluiceError } from '@sluice/sdk'
import { Deadline } from '../deadline.ts'
import type { Metadata, TopicMetadata } from '../metadata.ts'

/** `max.block.ms`: how long a call waits for a topic that cannot be found. */
const WAIT_MAX_MS = 60_000

/** So long at the most when the cluster says that there is none: one that was just created is known everywhere by then. */
const MISSING_MAX_MS = 5_000

interface Asked {
  readonly metadata: Pick<Metadata, 'topic'>
  readonly clock: Clock
}

/** @throws SluiceError that names the topic */
export async function findTopic(topic: string, timeoutMs: number, { metadata, clock }: Asked): Promise<TopicMetadata> {
  const deadline = new Deadline(clock, Math.min(WAIT_MAX_MS, timeoutMs))
  for (;;) {
    try {
      return await metadata.topic(topic, new Deadline(clock, Math.min(MISSING_MAX_MS, deadline.remainingMs)))
    } catch (error) {
      if (deadline.isOver || !isRetriable(error) || isMissing(error)) throw unusable(topic, error)
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof SluiceError && error.place?.['error'] === 'UNKNOWN_TOPIC_OR_PARTITION'
}

function unusable(topic: string, cause: unknown): SluiceError {
  const what = `Topic ${topic} could not be looked up`
  if (!(cause instanceof SluiceError)) return new SluiceError('INTERNAL', what, { cause, place: { topic } })
  const { code, retriable } = cause
  const place = { ...cause.place, topic }
  if (!isMissing(cause)) return new SluiceError(code, what, { cause, place, retriable })
  return new SluiceError(code, `Topic ${topic} does not exist`, {
    cause,
    place,
    retriable,
    remedy: 'Create it: brokers are never asked to.',
  })
}
