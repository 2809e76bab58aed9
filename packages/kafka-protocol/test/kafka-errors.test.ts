import { expect, test } from '@jest/globals'
import { kafkaError, kafkaErrorCode } from '@sluice/kafka-protocol'

test('codes and names lead to each other', () => {
  expect(kafkaError(kafkaErrorCode('NOT_LEADER_OR_FOLLOWER'))).toEqual({
    code: 6,
    name: 'NOT_LEADER_OR_FOLLOWER',
    retriable: true,
    refreshMetadata: true,
    authorization: false,
    abortsTransaction: false,
  })
})

test('a code from the future keeps its number, and is not retried', () => {
  expect(kafkaError(9999)).toMatchObject({ code: 9999, name: 'UNKNOWN_SERVER_ERROR', retriable: false })
})
