/** What tests and benchmarks start besides the command itself. */
export { bundledPlugins } from './bundled.ts'
export { commands } from './commands/index.ts'
export { loadProcessor } from './processors.ts'
export { runFlow, type FilePosition, type FlowPorts } from './quickstart/flow.ts'
export type { QuickstartPlan } from './quickstart/plan.ts'
export { planFor, type PlannedRun } from './quickstart/plans.ts'
export { summarise, type QuickstartSummary } from './quickstart/summary.ts'
export { LocalTable, type TableSummary } from './quickstart/table.ts'
