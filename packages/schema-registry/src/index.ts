/** Schemas by id and subject: see registry-port.ts for what a registry offers. */
export type * from './registry-port.ts'
export {
  MAGIC_BYTE,
  type MessageIndexes,
  PREFIX_BYTES,
  messageIndexBytes,
  readMessageIndexes,
  schemaIdOf,
  schemaPrefix,
} from './wire-format.ts'
export { SUBJECT_NAME_STRATEGIES, type SubjectNameStrategy, subjectNameStrategy } from './subject-names.ts'
