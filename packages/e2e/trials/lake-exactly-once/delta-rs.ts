/** A table counted by delta-rs, from the Python environment that `.ci/delta-rs` makes. */
import { execFileSync, spawnSync } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'

const PYTHON = path.join(
  process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'),
  'sluice-ci/delta-rs/bin/python',
)

const COUNT = `
import json, sys
from deltalake import DeltaTable, QueryBuilder
table = QueryBuilder().register("t", DeltaTable(sys.argv[1]))
sql = "select count(*) as rows, count(distinct _kafka_partition || '/' || _kafka_offset) as places from t"
found = table.execute(sql).read_all()
print(json.dumps({"rows": found.column("rows")[0].as_py(), "places": found.column("places")[0].as_py()}))
`

export interface Counted {
  readonly rows: number
  /** Partitions and offsets that differ. */
  readonly places: number
}

/** Null where there is none that can be loaded. */
export function countByDeltaRs(folder: string): Counted | null {
  if (spawnSync(PYTHON, ['-c', 'import deltalake']).status !== 0) return null
  return JSON.parse(execFileSync(PYTHON, ['-c', COUNT, folder], { encoding: 'utf8' })) as Counted
}
