import type { RegistryRecord } from './schemas-topic.ts'

/** Where a registry keeps its records. What is appended comes back through `take`, with what others appended, in the order of the log. */
export interface RegistryLog {
  /**
   * Resolves when the records are durable, all of them, and have been taken.
   * @throws SluiceError when they are not, or nobody knows
   */
  append(records: readonly RegistryRecord[]): Promise<void>
  close(): Promise<void>
}

/** Opens a log: resolves when everything in it has been taken. */
export type OpenRegistryLog = (take: (record: RegistryRecord) => void) => Promise<RegistryLog>

/** A log that ends with the process, or with whoever holds `records`. */
export function memoryLog(records: RegistryRecord[] = []): OpenRegistryLog {
  return (take) => {
    for (const record of records) take(record)
    return Promise.resolve({
      append: (more) => {
        records.push(...more)
        for (const record of more) take(record)
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
    })
  }
}
