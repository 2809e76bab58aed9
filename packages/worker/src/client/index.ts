/** `@sluice/worker/client`: Connect's REST API for whoever asks it. Loads nothing of the worker but the table of its endpoints. */
export type * from './answers.ts'
export { ConnectClient, type ConnectClientOptions } from './connect-client.ts'
export type { AnswerOf, PublicOperation, RequestOf } from './operations.ts'
/** For files of connectors as operators have them. */
export { parseProperties } from '../properties.ts'
