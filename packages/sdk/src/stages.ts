/**
 * The stages a record passes, named once. The same words name files, metrics, log fields, quarantine headers (`dq-stage`)
 * and, through `CONNECT_STAGE`, the `__connect.errors.stage` header of Kafka Connect.
 */
export const STAGES = [
  'poll',
  'fetch',
  'decode',
  'transform',
  'process',
  'judge',
  'encode',
  'produce',
  'put',
  'flush',
  'commit',
  'settle',
] as const

export type Stage = (typeof STAGES)[number]

/** Kafka Connect's word for a stage (`org.apache.kafka.connect.runtime.errors.Stage`); a converter's also says of which part. */
export function connectStage(stage: Stage, part: 'key' | 'value' | 'header' = 'value'): string {
  const word = CONNECT_STAGE[stage]
  return word === 'CONVERTER' ? `${part.toUpperCase()}_CONVERTER` : word
}

const CONNECT_STAGE: Readonly<Record<Stage, string>> = {
  poll: 'TASK_POLL',
  fetch: 'KAFKA_CONSUME',
  decode: 'CONVERTER',
  transform: 'TRANSFORMATION',
  process: 'TRANSFORMATION',
  judge: 'TRANSFORMATION',
  encode: 'CONVERTER',
  produce: 'KAFKA_PRODUCE',
  put: 'TASK_PUT',
  flush: 'TASK_PUT',
  commit: 'TASK_PUT',
  settle: 'TASK_PUT',
}
