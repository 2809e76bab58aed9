import { BooleanColumn } from './boolean-column.ts'
import { BinaryColumn, WideDecimalColumn } from './byte-columns.ts'
import type { ColumnBuilder, LeafColumn } from './column.ts'
import {
  DoubleColumn,
  FloatColumn,
  IntColumn,
  LongColumn,
  LongDecimalColumn,
  MillisColumn,
  ShortDecimalColumn,
} from './number-columns.ts'
import type { BuilderTools } from './page-taker.ts'
import { TextColumn } from './text-column.ts'

/** Chooses the way a column is stored. A new type is one more case here. */
export function buildColumn(column: LeafColumn, tools: BuilderTools): ColumnBuilder {
  const { type } = column
  switch (type.kind) {
    case 'boolean':
      return new BooleanColumn(column, tools)
    case 'int8':
    case 'int16':
    case 'int32':
    case 'date':
      return new IntColumn(type, column, tools)
    case 'int64':
      return new LongColumn(type, column, tools)
    case 'time':
      return type.unit === 'ms' ? new IntColumn(type, column, tools) : new LongColumn(type, column, tools)
    case 'timestamp':
      return type.unit === 'ms' ? new MillisColumn(type, column, tools) : new LongColumn(type, column, tools)
    case 'float':
      return new FloatColumn(column, tools)
    case 'double':
      return new DoubleColumn(column, tools)
    case 'string':
      return new TextColumn(column, tools)
    case 'binary':
      return new BinaryColumn(column, tools)
    case 'decimal':
    default:
      if (type.precision <= 9) return new ShortDecimalColumn(type, column, tools)
      return type.precision <= 18
        ? new LongDecimalColumn(type, column, tools)
        : new WideDecimalColumn(type, column, tools)
  }
}
