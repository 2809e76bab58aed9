import type { StandaloneWorker } from '@sluice/worker'

/** @throws Error when a connector, or a task of one, has failed: it would be waited for in vain */
export function throwFailure(worker: StandaloneWorker): void {
  const all = worker.status().flatMap(({ connector, tasks }) => [connector, ...tasks])
  const failed = all.find(({ state }) => state === 'FAILED')
  if (failed !== undefined) throw new Error(failed.trace ?? 'A connector has failed')
}
