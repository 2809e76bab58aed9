/** Confluent's class names and ours for the same. */

export type FormatKind = 'json' | 'avro' | 'bytes' | 'parquet'
export type PartitionerKind = 'default' | 'field' | 'time' | 'daily' | 'hourly'
export type ExtractorKind = 'Wallclock' | 'Record' | 'RecordField'

const FORMATS = 'io.confluent.connect.s3.format'
export const FORMAT_CLASSES: ReadonlyMap<string, FormatKind> = new Map<string, FormatKind>([
  ['json', 'json'],
  ['avro', 'avro'],
  ['bytes', 'bytes'],
  ['parquet', 'parquet'],
  [`${FORMATS}.json.JsonFormat`, 'json'],
  [`${FORMATS}.avro.AvroFormat`, 'avro'],
  [`${FORMATS}.bytearray.ByteArrayFormat`, 'bytes'],
  [`${FORMATS}.parquet.ParquetFormat`, 'parquet'],
])

const PARTITIONERS = 'io.confluent.connect.storage.partitioner'
export const PARTITIONER_CLASSES: ReadonlyMap<string, PartitionerKind> = new Map<string, PartitionerKind>([
  ['default', 'default'],
  ['field', 'field'],
  ['time', 'time'],
  ['daily', 'daily'],
  ['hourly', 'hourly'],
  [`${PARTITIONERS}.DefaultPartitioner`, 'default'],
  [`${PARTITIONERS}.FieldPartitioner`, 'field'],
  [`${PARTITIONERS}.TimeBasedPartitioner`, 'time'],
  [`${PARTITIONERS}.DailyPartitioner`, 'daily'],
  [`${PARTITIONERS}.HourlyPartitioner`, 'hourly'],
])

export const EXTRACTOR_CLASSES: ReadonlyMap<string, ExtractorKind> = new Map<string, ExtractorKind>(
  (['Wallclock', 'Record', 'RecordField'] as const).flatMap((kind): (readonly [string, ExtractorKind])[] => [
    [kind, kind],
    [`${PARTITIONERS}.TimeBasedPartitioner$${kind}TimestampExtractor`, kind],
  ]),
)
