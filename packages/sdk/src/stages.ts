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

/** Kafka Connect's word for a stage (`org.apache.kafka.connect.runtime.errors.Stage`), where it has one. */
export function connectStage(stage: Stage, part: 'key' | 'value' | 'header' = 'value'): string {
  switch (stage) {
    case 'poll':
      return 'TASK_POLL'
    case 'fetch':
      return 'KAFKA_CONSUME'
    case 'decode':
    case 'encode':
      return `${part.toUpperCase()}_CONVERTER`
    case 'transform':
    case 'process':
    case 'judge':
      return 'TRANSFORMATION'
    case 'produce':
      return 'KAFKA_PRODUCE'
    case 'put':
    case 'flush':
    case 'commit':
    case 'settle':
      return 'TASK_PUT'
  }
}
