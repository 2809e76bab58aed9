/** A table counted by delta-rs, from the Python environment that `.ci/delta-rs` makes. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const PYTHON = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'sluice-ci/delta-rs/bin/python',
)

const COUNT = `
import json, sys
from deltalake import DeltaTable
rows = DeltaTable(sys.argv[1]).to_pyarrow_table(columns=["_kafka_partition", "_kafka_offset"])
places = rows.group_by(["_kafka_partition", "_kafka_offset"]).aggregate([])
print(json.dumps({"rows": rows.num_rows, "distinct": places.num_rows}))
`

/** Null where there is none. */
export function countByDeltaRs(folder: string): { readonly rows: number; readonly distinct: number } | null {
  if (!fs.existsSync(PYTHON)) return null
  return JSON.parse(execFileSync(PYTHON, ['-c', COUNT, folder], { encoding: 'utf8' })) as {
    readonly rows: number
    readonly distinct: number
  }
}
