import { startEmbeddedKafka } from '../../src/embedded-kafka.ts'
import type { EmulatedRelease } from '../../src/options.ts'
import { RawClient } from './raw-client.ts'

/** An Apache Kafka that answers are compared with: `SLUICE_TEST_KAFKA` names it; undefined when there is none. */
export const peer: string | undefined = process.env['SLUICE_TEST_KAFKA']
if (peer === undefined) console.warn('SLUICE_TEST_KAFKA is not set: nothing is compared with Apache Kafka')

export interface Compared extends AsyncDisposable {
  readonly host: string
  readonly peerPort: number
  readonly embeddedPort: number
  readonly transactionVersion: number
}

/** Apache Kafka, and beside it an embedded broker that emulates its release. */
export async function startCompared(): Promise<Compared> {
  const [host, port] = peer!.split(':')
  const client = await RawClient.open(Number(port), host)
  const { finalizedFeatures } = await client.send('ApiVersions', {
    clientSoftwareName: 'compare',
    clientSoftwareVersion: '1',
  })
  client.close()
  const transactionVersion = finalizedFeatures.find(({ name }) => name === 'transaction.version')?.maxVersionLevel ?? 0
  const emulate: EmulatedRelease = transactionVersion >= 2 ? '4.3' : '3.9'
  const embedded = await startEmbeddedKafka({ emulate })
  return {
    host: host!,
    peerPort: Number(port),
    embeddedPort: embedded.addresses[0]!.port,
    transactionVersion,
    [Symbol.asyncDispose]: () => embedded.close(),
  }
}
