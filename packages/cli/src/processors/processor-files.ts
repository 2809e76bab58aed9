import type { FileKind } from '../connect/connector-files.ts'

/** Files of processors are written as those of connectors. */
export const PROCESSORS: FileKind = {
  noun: 'processor',
  classSetting: 'processor.class',
  remedy: 'sluice processors plugins lists the processors that a worker has.',
}
