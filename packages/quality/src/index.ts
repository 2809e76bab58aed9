/** Quality gates: rules as data, compiled into a pure judge; reasons, counters and the quarantine envelope. */
export { OUTCOMES, type MemoryEntry } from './check-kind.ts'
export type { CheckName, CheckParameters } from './checks/index.ts'
export type { GateCounters } from './counters.ts'
export { readGateDefinition } from './definition-shape.ts'
export type {
  CheckDefinition,
  Condition,
  GateAction,
  GateDefinition,
  GateMode,
  NestedCheck,
  RuleSet,
  Scalar,
  Severity,
} from './definition.ts'
export { GateMetrics } from './gate-metrics.ts'
export {
  ENGINE_VERSION,
  compileGate,
  haltError,
  type Gate,
  type GateCheck,
  type GateOptions,
  type GateSnapshot,
} from './gate.ts'
export { GateRulesError, type Problem } from './problems.ts'
export {
  QUARANTINE_HEADERS,
  readQuarantineHeaders,
  type Origin,
  type QuarantineEnvelope,
} from './quarantine-headers.ts'
export {
  Quarantine,
  markHeaders,
  type OriginalRecord,
  type QuarantineOptions,
  type QuarantineRecord,
} from './quarantine.ts'
export type { JudgedRecord } from './record.ts'
export { checkReferencePage } from './reference-page.ts'
export { scorecard, type CheckScore, type Scorecard } from './scorecard.ts'
export { ACTIONS, CLEAN, REASONS_MAX, SEVERITIES, type Reason, type Verdict } from './verdict.ts'
