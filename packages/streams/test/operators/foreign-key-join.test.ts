import { expect, test } from '@jest/globals'
import { Serdes, Topology, type TopologyNode } from '../../src/index.ts'
import { responseJoin, subscriptionSend } from '../../src/operators/foreign-key-join.ts'
import { tableSource } from '../../src/operators/table-source.ts'
import { storeView } from '../../src/operators/table-view.ts'
import { subscriptionResponseSerde, subscriptionSerde } from '../../src/state/formats/foreign-key.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { STORE } from '../support/run-operators.ts'

const text = { key: Serdes.string, value: Serdes.string, quarantine: null }
const responses = subscriptionResponseSerde(Serdes.string)
const subscriptions = subscriptionSerde(Serdes.string)

/** The left side alone: what it asks, and what it makes of answers that come when they come. */
function leftSide(): TopologyTestDriver {
  const table = { store: 'rows', sendOldValues: true }
  const send = subscriptionSend({
    kind: 'left',
    extractor: (value) => (value as string).slice(0, 1),
    leftValue: Serdes.string,
    foreignKey: Serdes.string,
    of: { isVersioned: false },
  })
  const join = responseJoin({
    kind: 'left',
    joiner: (left, right) => `${left as string}+${right as string}`,
    leftView: storeView('rows'),
    leftValue: Serdes.string,
  })
  const nodes: TopologyNode[] = [
    { kind: 'source', name: 'in', topics: ['L'], ...text },
    { kind: 'source', name: 'back', topics: ['answers'], ...text, value: responses },
    { kind: 'processor', name: 'table', predecessors: ['in'], operator: tableSource({ table }), stores: ['rows'] },
    { kind: 'processor', name: 'send', predecessors: ['table'], operator: send, stores: [] },
    { kind: 'sink', name: 'ask', predecessors: ['send'], topic: 'questions', key: Serdes.string, value: subscriptions },
    { kind: 'processor', name: 'join', predecessors: ['back'], operator: join, stores: ['rows'] },
    { kind: 'sink', name: 'out', predecessors: ['join'], topic: 'out', key: Serdes.string, value: Serdes.string },
  ]
  const definition = { ...STORE, value: Serdes.string, kind: 'timestampedKeyValue', name: 'rows' } as const
  return new TopologyTestDriver(new Topology(nodes, { stores: [{ definition }] }))
}

test('an answer to a row that has changed since is passed over; the one to the row as it is counts', () => {
  const driver = leftSide()
  const rows = driver.createInputTopic('L', Serdes.string, Serdes.string)
  const questions = driver.createOutputTopic('questions', Serdes.string, subscriptions)
  const answers = driver.createInputTopic('answers', Serdes.string, responses)
  const out = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  rows.pipeInput('k', 'a1')
  rows.pipeInput('k', 'a2')
  const [first, second] = questions.readValuesToList()
  answers.pipeInput('k', { hash: first!.hash, foreignValue: 'old' })
  expect(out.isEmpty).toBe(true)
  answers.pipeInput('k', { hash: second!.hash, foreignValue: 'new' })
  expect(out.readKeyValuesToList()).toEqual([['k', 'a2+new']])
  rows.pipeInput('k', null)
  answers.pipeInput('k', { hash: second!.hash, foreignValue: 'newer' })
  expect(out.isEmpty).toBe(true)
  answers.pipeInput('k', { hash: questions.readValuesToList().at(-1)!.hash, foreignValue: null })
  expect(out.readKeyValuesToList()).toEqual([['k', null]])
})

test('a row that names another row ends its subscription with the one before, and asks to be told also of none', () => {
  const driver = leftSide()
  const rows = driver.createInputTopic('L', Serdes.string, Serdes.string)
  rows.pipeInput('k', 'a1')
  rows.pipeInput('k', 'b1')
  const asked = driver.createOutputTopic('questions', Serdes.string, subscriptions).readKeyValuesToList()
  expect(
    asked.map(([key, question]) => [key, question!.instruction, question!.primaryKey, question!.primaryPartition]),
  ).toEqual([
    ['a', 'propagateNullIfNoForeignValue', 'k', 0],
    ['a', 'deleteKeyNoPropagate', 'k', 0],
    ['b', 'propagateNullIfNoForeignValue', 'k', 0],
  ])
})
