import type { RestartRequest, TaskId } from '../../src/herder/herder.ts'
import type { ConfigListener, SessionKey } from '../../src/storage/config-store.ts'

/** A listener that keeps what it was told, as lines. */
export class Told implements ConfigListener {
  readonly lines: string[] = []
  /** Called at each of them. */
  onLine: (line: string) => void = () => undefined

  connectorChanged(connector: string): void {
    this.#add(`changed ${connector}`)
  }

  connectorRemoved(connector: string): void {
    this.#add(`removed ${connector}`)
  }

  tasksChanged(ids: readonly TaskId[]): void {
    this.#add(`tasks ${ids.map(({ connector, task }) => `${connector}-${task}`).join(' ')}`)
  }

  targetStateChanged(connector: string): void {
    this.#add(`target ${connector}`)
  }

  sessionKeyChanged(key: SessionKey): void {
    this.#add(`key ${Buffer.from(key.key).toString()}`)
  }

  restartRequested({ connector, includeTasks, onlyFailed }: RestartRequest): void {
    this.#add(`restart ${connector} ${includeTasks} ${onlyFailed}`)
  }

  loggerLevelChanged(namespace: string, level: string): void {
    this.#add(`logger ${namespace} ${level}`)
  }

  /** What was told since the last call. */
  take(): readonly string[] {
    return this.lines.splice(0)
  }

  #add(line: string): void {
    this.lines.push(line)
    this.onLine(line)
  }
}
