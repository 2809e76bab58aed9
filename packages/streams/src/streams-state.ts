/**
 * Kafka Streams' states of a client, and one more:
 *
 *   CREATED → REBALANCING → RUNNING → PENDING_SHUTDOWN → NOT_RUNNING
 *                 ↑            │
 *                 └────────────┤ an error that may pass: back to what is committed
 *                              ├→ PENDING_ERROR → ERROR
 *                              └→ HALTED: a gate refused to let anything past a record
 *
 * REBALANCING is taking up partitions: finding out where to begin and restoring memory.
 */
export type StreamsState = (typeof STREAMS_STATES)[number]

/** In the order of Kafka Streams' numbers for them. */
export const STREAMS_STATES = [
  'CREATED',
  'REBALANCING',
  'RUNNING',
  'PENDING_SHUTDOWN',
  'NOT_RUNNING',
  'PENDING_ERROR',
  'ERROR',
  'HALTED',
] as const
