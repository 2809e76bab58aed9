/** What a maintenance operation does beside the log: it reads the live files and puts their rows into others. */
import { randomUUID } from 'node:crypto'
import type { ObjectStore } from '@sluice/object-store'
import { ParquetWriter, collectChunks, parquetColumnsOf, readParquet, statsOf } from '@sluice/lake'
import type { AddAction, DataFile, DeltaTable } from '@sluice/lake'
import { physicalName, physicalSchema } from '../../src/formats/delta/column-mapping.ts'
import { decodePath } from '../../src/formats/delta/paths.ts'

/** One file per partition, with the rows of its files that are to stay; they are in the store. */
export async function compacted(
  table: DeltaTable,
  store: ObjectStore,
  stays: (row: Readonly<Record<string, unknown>>) => boolean,
): Promise<DataFile[]> {
  const { schema, metadata } = table.snapshot
  const partitions = new Map<string, AddAction[]>()
  for (const file of table.snapshot.files) {
    const key = JSON.stringify(file.partitionValues)
    partitions.set(key, [...(partitions.get(key) ?? []), file])
  }
  const fields = schema.fields.filter(({ name }) => !metadata.partitionColumns.includes(name))
  const logical = new Map(fields.map((field) => [physicalName(field), field.name]))
  const files: DataFile[] = []
  for (const parts of partitions.values()) {
    const chunks = collectChunks()
    const writer = new ParquetWriter(parquetColumnsOf(physicalSchema({ fields }), table.name), {}, chunks.sink)
    for (const { path } of parts)
      for await (const row of readParquet(await store.get(`${table.path}/${decodePath(path)}`))) {
        const named = Object.fromEntries(Object.entries(row).map(([key, value]) => [logical.get(key) ?? key, value]))
        if (stays(named)) writer.appendRow(row)
      }
    const facts = writer.finish()
    if (facts.rows === 0) continue
    const path = `compacted-${randomUUID()}.parquet`
    await store.put(`${table.path}/${path}`, chunks.bytes())
    files.push({
      path,
      size: facts.size,
      modifiedMs: Date.now(),
      rows: facts.rows,
      stats: statsOf(facts, metadata.configuration),
      partitionValues: parts[0]!.partitionValues,
      schema,
    })
  }
  return files
}
