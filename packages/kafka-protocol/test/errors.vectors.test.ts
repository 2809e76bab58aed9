import { expect, test } from '@jest/globals'
import { KAFKA_ERRORS, type KafkaError, kafkaError } from '@sluice/kafka-protocol'
import { readVectors } from './vectors.ts'

const { errors } = readVectors('errors.json') as { errors: KafkaError[] }

test.each(errors.map((error) => [error.code, error.name, error] as const))(
  '%i is %s, as Kafka treats it',
  (code, _name, error) => {
    expect(kafkaError(code)).toEqual(error)
  },
)

test('the table has no error that Kafka lacks', () => {
  expect(KAFKA_ERRORS.map(({ code }) => code)).toEqual(errors.map(({ code }) => code))
})
