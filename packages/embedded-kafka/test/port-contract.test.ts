/** The port's contract on the embedded broker, in memory and on disk. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, jest, test } from '@jest/globals'
import { connect } from '@sluice/kafka'
import { portContract } from '@sluice/kafka/testing'
import { type EmbeddedKafka, type EmbeddedKafkaOptions, startEmbeddedKafka } from '@sluice/embedded-kafka'

jest.setTimeout(60_000)

function onBroker(what: string, options: () => EmbeddedKafkaOptions): void {
  describe(`the port, on the embedded broker ${what}`, () => {
    let kafka: EmbeddedKafka
    beforeAll(async () => {
      kafka = await startEmbeddedKafka(options())
    })
    afterAll(() => kafka.close())
    portContract(test, () => connect({ bootstrapServers: kafka.bootstrapServers, clientId: 'port-contract' }))
  })
}

const dataDir = mkdtempSync(join(tmpdir(), 'embedded-kafka-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

onBroker('in memory', () => ({ nodes: 3 }))
onBroker('on disk', () => ({ dataDir }))
