/** Partitions as Kafka 4.3.1's own classes choose them. */
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { murmur2, partitionForKey } from '../src/index.ts'

const folder = process.env['VECTORS'] ?? fileURLToPath(new URL('../../e2e/vectors', import.meta.url))

interface Vectors {
  readonly cases: readonly {
    readonly key: string
    readonly bytes: string
    readonly murmur2: number
    readonly partition: Readonly<Record<string, number>>
  }[]
}

const { cases } = JSON.parse(fs.readFileSync(path.join(folder, 'streams/partitioner.json'), 'utf8')) as Vectors

test(`murmur2 and the partition of ${cases.length} keys, for eleven partition counts`, () => {
  expect(cases.length).toBeGreaterThan(200)
  for (const { key, bytes, murmur2: hash, partition } of cases) {
    const raw = Buffer.from(bytes, 'base64')
    expect([key, murmur2(raw)]).toEqual([key, hash])
    for (const [count, wanted] of Object.entries(partition)) {
      expect([key, count, partitionForKey(raw, Number(count))]).toEqual([key, count, wanted])
    }
  }
})
