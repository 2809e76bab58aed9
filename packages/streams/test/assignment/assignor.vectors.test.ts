/** What members of a Kafka Streams 4.3.1 group tell each other (vectors/streams/assignor.json), written and read. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import {
  type AssignmentInfo,
  decodeAssignmentInfo,
  encodeAssignmentInfo,
  NEVER,
} from '../../src/assignment/assignment-info.ts'
import {
  decodeSubscriptionInfo,
  encodeSubscriptionInfo,
  type SubscriptionInfo,
} from '../../src/assignment/subscription-info.ts'

interface Case {
  readonly kind: 'subscription' | 'assignment'
  readonly version: number
  readonly processId: string
  readonly userEndPoint: string | null
  readonly taskOffsetSums: string | object
  readonly uniqueField: number
  readonly errorCode: number
  readonly clientTags: Readonly<Record<string, string>>
  readonly activeTasks: string
  readonly standbyTasks: string
  readonly partitionsByHost: string
  readonly bytes: string
}

const folder = process.env['VECTORS'] ?? new URL('../../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/assignor.json`, 'utf8')) as { cases: readonly Case[] }
const of = (kind: Case['kind']): readonly Case[] => cases.filter((one) => one.kind === kind)

test(`${cases.length} cases of protocol version 11`, () => {
  expect(cases.length).toBeGreaterThan(0)
  expect(new Set(cases.map(({ version }) => version))).toEqual(new Set([11]))
})

describe('a subscription', () => {
  test.each(of('subscription'))('of $userEndPoint with tasks $taskOffsetSums', (one) => {
    const { processId, userEndPoint, uniqueField, errorCode, clientTags, taskOffsetSums } = one
    const tasks = [...(typeof taskOffsetSums === 'string' ? taskOffsetSums : '').matchAll(/(\d+)_(\d+)=(-?\d+)/g)].map(
      ([, subtopology, partition, sum]) => ({
        subtopology: Number(subtopology),
        partition: Number(partition),
        offsetSum: Number(sum),
      }),
    )
    const info: SubscriptionInfo = { processId, userEndPoint, tasks, uniqueField, errorCode, clientTags }
    expect(Buffer.from(encodeSubscriptionInfo(info)).toString('base64')).toBe(one.bytes)
    expect(decodeSubscriptionInfo(Buffer.from(one.bytes, 'base64'))).toEqual(info)
  })
})

describe('an assignment', () => {
  test.each(of('assignment'))('of $activeTasks, standby $standbyTasks', (one) => {
    const partitions = (list: string) =>
      [...list.matchAll(/([a-z]+)-(\d+)/g)].map(([, topic, partition]) => ({
        topic: topic!,
        partition: Number(partition),
      }))
    const taskOf = (id: string) => {
      const [subtopology, partition] = id.split('_').map(Number)
      return { subtopology: subtopology!, partition: partition! }
    }
    const entries = (list: string) =>
      list.split('; ').flatMap((entry) => entry.match(/^(\S+): (.*)$/)?.slice(1, 3) ?? [])
    const [standby, standbyPartitions] = entries(one.standbyTasks)
    const [host, hostPartitions] = entries(one.partitionsByHost)
    const info: AssignmentInfo = {
      activeTasks: one.activeTasks.split(',').filter(Boolean).map(taskOf),
      standbyTasks:
        standby === undefined ? [] : [{ task: taskOf(standby), partitions: partitions(standbyPartitions!) }],
      partitionsByHost: new Map(host === undefined ? [] : [[host, partitions(hostPartitions!)]]),
      standbyPartitionsByHost: new Map(),
      errorCode: one.errorCode,
      nextRebalanceMs: NEVER,
    }
    expect(Buffer.from(encodeAssignmentInfo(info)).toString('base64')).toBe(one.bytes)
    expect(decodeAssignmentInfo(Buffer.from(one.bytes, 'base64'))).toEqual(info)
  })
})

describe('bytes that are neither', () => {
  test.each(cases)('are refused wherever they are cut: $kind $bytes', ({ kind, bytes }) => {
    const whole = Buffer.from(bytes, 'base64')
    const decode = kind === 'subscription' ? decodeSubscriptionInfo : decodeAssignmentInfo
    for (let length = 0; length < whole.length; length++)
      expect(() => decode(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: 'KAFKA_PROTOCOL' }))
  })
})
