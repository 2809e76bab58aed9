/** The connectors that come with Apache Kafka, by the same names and with the same settings, positions and output. */
import type { Connector } from '@sluice/sdk'
import { fileStreamSink } from './file-stream-sink.ts'
import { fileStreamSource } from './file-stream-source.ts'
import { mockSink, mockSource } from './mock-connectors.ts'
import { schemaSource } from './schema-source.ts'
import { verifiableSink } from './verifiable-sink.ts'
import { verifiableSource } from './verifiable-source.ts'

export { fileStreamSink, fileStreamSource, mockSink, mockSource, schemaSource, verifiableSink, verifiableSource }

const connectors: readonly Connector[] = [
  fileStreamSink,
  mockSink,
  verifiableSink,
  fileStreamSource,
  mockSource,
  schemaSource,
  verifiableSource,
]
export default connectors
