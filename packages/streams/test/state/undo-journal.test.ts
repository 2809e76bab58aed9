import { expect, test } from '@jest/globals'
import { UndoJournal } from '../../src/state/undo-journal.ts'

function journal() {
  const undone: unknown[] = []
  const store = { undo: (key: string, before: number | null) => undone.push([key, before]) }
  return { undone, store, journal: new UndoJournal() }
}

test('what a record has changed is taken back, the latest first, whatever kind of change it was', () => {
  const { undone, store, journal: one } = journal()
  one.note(store, 'a', 1)
  one.add(() => undone.push('called'))
  one.note(store, 'b', null)
  one.takeBack()
  expect(undone).toEqual([['b', null], 'called', ['a', 1]])
})

test('what a record before it has changed stays, however many changes that were', () => {
  const { undone, store, journal: one } = journal()
  for (let n = 0; n < 500; n++) one.note(store, `old ${n}`, n)
  one.clear()
  one.note(store, 'new', 1)
  one.takeBack()
  one.takeBack()
  expect(undone).toEqual([['new', 1]])
})
