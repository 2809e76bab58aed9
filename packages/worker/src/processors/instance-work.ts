/** What hosts know an instance by: each of several is what a connector is to them, and so has a process of its own. */
import type { TaskId } from '../herder/herder.ts'

/** In no name of a processor. */
const MARK = '/'

/** @param instances how many there are of it in this worker */
export function workOf(processor: string, instance: number, instances: number): TaskId {
  return { connector: instances === 1 ? processor : `${processor}${MARK}${instance}`, task: instance }
}

/** The processor that a host means. */
export function processorOf(connector: string): string {
  const mark = connector.indexOf(MARK)
  return mark === -1 ? connector : connector.slice(0, mark)
}
