/** Debezium's ExtractChangedRecordState: headers list the columns that a change event changes, and those that it does not. */
import { array, defineSettings, primitive } from '@sluice/sdk'
import type { Header, Schema, Transform, TransformPlugin } from '@sluice/sdk'
import { changeEvent, debeziumNames, plain, valueOf } from '../change-event.ts'
import { isFields } from '../fields.ts'
import { sameValue } from '../same-value.ts'

const settings = defineSettings({
  'header.changed.name': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation: 'The header that lists the names of changed columns. Default: none.',
  },
  'header.unchanged.name': {
    type: 'string',
    default: null,
    importance: 'low',
    documentation:
      'The header that lists the names of unchanged columns, which ExtractNewRecordState can leave out. Default: none.',
  },
})

const NAMES: Schema = array(primitive('string'))

export const extractChangedRecordState: TransformPlugin = {
  name: 'extract-changed-record-state',
  aliases: debeziumNames('ExtractChangedRecordState'),
  documentation: 'Headers list the columns that a change event changes, and those that it does not.',
  settings,
  create(raw) {
    const { 'header.changed.name': changedName, 'header.unchanged.name': unchangedName } = settings.parse(raw)
    const transform: Transform = (record) => {
      const event = changeEvent(record)
      if (event === undefined || (changedName === null && unchangedName === null)) return record
      const { changed, unchanged } = comparison(valueOf(event.value, 'before'), valueOf(event.value, 'after'))
      const headers: Header[] = [...(record.headers ?? [])]
      if (changedName !== null) headers.push({ key: changedName, schema: NAMES, value: changed })
      if (unchangedName !== null) headers.push({ key: unchangedName, schema: NAMES, value: unchanged })
      return { ...record, headers }
    }
    return transform
  },
}

type Row = ReturnType<typeof valueOf>

/** Without a row before and one after there is nothing to compare, and both lists are empty. */
function comparison(before: Row, after: Row): { readonly changed: string[]; readonly unchanged: string[] } {
  const [changed, unchanged]: [string[], string[]] = [[], []]
  if (!isFields(before) || !isFields(after)) return { changed, unchanged }
  for (const [name, value] of Object.entries(plain(after)))
    (sameValue(value, valueOf(before, name)) ? unchanged : changed).push(name)
  return { changed, unchanged }
}
