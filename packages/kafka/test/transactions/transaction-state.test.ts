import { describe, expect, test } from '@jest/globals'
import { SluiceError } from '@sluice/sdk'
import { type TransactionPhase, TransactionState } from '../../src/transactions/transaction-state.ts'

const failure = new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'something failed')
const cut = new SluiceError('KAFKA_TRANSACTION_ABORTABLE', 'aborted')
const end = new SluiceError('KAFKA_FENCED', 'somebody else')

/** How each phase is reached. */
const WAYS: Readonly<Record<TransactionPhase, (state: TransactionState) => void>> = {
  ready: () => undefined,
  open: (state) => state.begin(),
  committing: (state) => (WAYS.open(state), state.commit()),
  undecided: (state) => (WAYS.committing(state), state.undecided()),
  doomed: (state) => (WAYS.open(state), void state.doomed(failure)),
  aborting: (state) => (WAYS.open(state), state.abort(cut)),
  ended: (state) => void state.end(end),
}

function inPhase(phase: TransactionPhase): TransactionState {
  const state = new TransactionState('t')
  WAYS[phase](state)
  expect(state.phase).toBe(phase)
  return state
}

/** The code of what a call throws, or the phase it leads to. */
function outcomeOf(phase: TransactionPhase, call: 'begin' | 'produce' | 'commit' | 'abort'): string {
  const state = inPhase(phase)
  try {
    if (call === 'abort') state.abort(cut)
    else if (call !== 'produce') state[call]()
    else {
      const refusal = state.refusal('produce')
      if (refusal !== undefined) throw refusal
    }
    return state.phase
  } catch (error) {
    expect(state.phase).toBe(phase)
    return (error as SluiceError).code.replace('KAFKA_', '').replace('TRANSACTION_', '')
  }
}

test.each([
  ['ready', 'open', 'STATE', 'STATE', 'STATE'],
  ['open', 'STATE', 'open', 'committing', 'aborting'],
  ['committing', 'STATE', 'STATE', 'STATE', 'STATE'],
  ['undecided', 'STATE', 'STATE', 'committing', 'STATE'],
  ['doomed', 'ABORTABLE', 'ABORTABLE', 'ABORTABLE', 'aborting'],
  ['aborting', 'STATE', 'ABORTABLE', 'STATE', 'STATE'],
  ['ended', 'FENCED', 'FENCED', 'FENCED', 'FENCED'],
] as const)('%s: begin → %s, produce → %s, commit → %s, abort → %s', (phase, begin, produce, commit, abort) => {
  expect(outcomeOf(phase, 'begin')).toBe(begin)
  expect(outcomeOf(phase, 'produce')).toBe(produce)
  expect(outcomeOf(phase, 'commit')).toBe(commit)
  expect(outcomeOf(phase, 'abort')).toBe(abort)
})

describe('a failure', () => {
  test.each(['open', 'committing'] as const)('while %s dooms the transaction, once', (phase) => {
    const state = inPhase(phase)
    expect(state.doomed(failure)).toBe(true)
    expect(state.doomed(cut)).toBe(false)
    expect(state.phase).toBe('doomed')
    expect(state.doom).toBe(failure)
  })

  test('of an abort leaves it to be repeated', () => {
    const state = inPhase('aborting')
    expect(state.doomed(failure)).toBe(false)
    expect(state.phase).toBe('doomed')
    state.abort(cut)
    state.completed()
    expect(state.phase).toBe('ready')
    expect(state.doom).toBeUndefined()
  })

  test.each(['ready', 'undecided', 'ended'] as const)(
    'when %s changes nothing: there is no transaction to doom',
    (phase) => {
      const state = inPhase(phase)
      expect(state.doomed(failure)).toBe(false)
      expect(state.phase).toBe(phase)
    },
  )
})

test('the end is for good, and its first reason stays', () => {
  const state = inPhase('committing')
  expect(state.end(end)).toBe(true)
  expect(state.end(failure)).toBe(false)
  state.completed()
  state.undecided()
  expect(state.phase).toBe('ended')
  expect(state.doom).toBe(end)
})

test('each transaction has a number of its own, and no broker knows of it at first', () => {
  const state = inPhase('open')
  const { serial } = state
  state.isStarted = true
  state.commit()
  state.completed()
  state.begin()
  expect(state.serial).toBe(serial + 1)
  expect(state.isStarted).toBe(false)
})
