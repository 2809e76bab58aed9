import { FAIL, PASS, SKIP, type CheckKind, type MemoryEntry } from '../check-kind.ts'
import type { JudgedRecord } from '../record.ts'
import { compileRecordKey } from '../record-key.ts'
import { ENTRIES_DEFAULT, SeenRecords } from '../seen-records.ts'

export interface UniqueWithinParameters {
  readonly entriesMax?: number
  readonly withinMs?: number
}

export const uniqueWithin: CheckKind<UniqueWithinParameters> = {
  documentation:
    'No earlier record that passed the gate had the same fields, or, without `fields`, the same value. Short keys are compared exactly, ' +
    'long ones by 128 bits of SHA-256.\n\n' +
    'The memory is bounded: it holds the `entriesMax` keys seen last and forgets the one that was seen longest ago, so that a duplicate ' +
    'further apart goes unnoticed (about 200 bytes per entry). It belongs to one compiled gate, and a stream application has one per task: equal ' +
    'records must share a key, and so a partition, to meet. A record that is judged again after a retry is recognised by its topic, partition and offset. After a restart the memory ' +
    'is empty until the runtime restores it: by `gate.remember(record)` for the records before the committed position, or from a snapshot.',
  fields: 'optional',
  nulls: 'skipped when all of `fields` (or the whole value) are null; otherwise null is a value like others',
  parameters: [
    {
      name: 'entriesMax',
      type: 'count',
      default: ENTRIES_DEFAULT,
      doc: 'How many keys are remembered: 1 to 10,000,000.',
    },
    {
      name: 'withinMs',
      type: 'count',
      doc: 'Only records whose timestamps are at most this far apart are duplicates.',
    },
  ],
  codes: { 'unique_within.duplicate': 'an earlier record had the same' },
  example: { entriesMax: 100_000 },
  compile({ entriesMax = ENTRIES_DEFAULT, withinMs = Infinity }, scope) {
    if (entriesMax < 1 || entriesMax > 10_000_000)
      scope.problem('params.entriesMax', entriesMax, 'a whole number from 1 to 10,000,000')
    const seen = new SeenRecords(entriesMax, withinMs)
    const { fields } = scope
    const reads =
      fields.length === 0 ? [(record: JudgedRecord): unknown => record.value] : fields.map((field) => field.read)
    const path = fields.length === 0 ? null : fields.map((field) => field.path).join(', ')

    const recordKey = compileRecordKey(reads)
    // The gate evaluates a record and then settles it: the key is made once for both.
    let lastRecord: JudgedRecord | null = null
    let lastKey: string | null = null
    const keyOf = (record: JudgedRecord): string | null => {
      if (record !== lastRecord) {
        lastKey = recordKey(record)
        lastRecord = record
      }
      return lastKey
    }

    return {
      evaluate(record) {
        lastRecord = null
        const key = keyOf(record)
        if (key === null) return SKIP
        return seen.firstOf(key, record) === null ? PASS : FAIL
      },
      findings(record) {
        const key = keyOf(record)
        const first = key === null ? null : seen.firstOf(key, record)
        const place = first === null || first[3] === null ? '' : `, first seen at ${placeText(first)}`
        const expected = path === null ? 'a value not seen before' : 'values not seen before'
        const actual = fields.length === 1 ? reads[0]!(record) : 'the same again'
        const message = `${path === null ? 'the whole value' : path} repeats an earlier record${place}`
        return [
          {
            field: path,
            code: 'unique_within.duplicate',
            expected,
            actual,
            message,
            shows: fields.map((field) => field.path),
          },
        ]
      },
      memory: {
        settle(record, passed) {
          const key = keyOf(record)
          lastRecord = null
          if (key !== null) seen.settle(key, record, passed)
        },
        clear: () => seen.clear(),
        entriesMax,
        get size() {
          return seen.size
        },
        entries: () => seen.entries(),
        restore: (entries) => seen.restore(entries),
      },
    }
  },
}

function placeText([, topic, partition, offset]: MemoryEntry): string {
  return topic === null ? `partition ${partition}, offset ${offset}` : `${topic}-${partition}, offset ${offset}`
}
