"""Tables that delta-rs wrote, compacted, deleted from, checkpointed and cleaned up, opened by this package and appended to; then read again by delta-rs.

usage: delta-others.py FOLDER
"""

import json
import pathlib
import subprocess
import sys

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, QueryBuilder, Transaction, write_deltalake

folder = pathlib.Path(sys.argv[1])
where = str(folder / "theirs")


def batch(start, count):
    ids = list(range(start, start + count))
    return pa.table({"id": pa.array(ids, pa.int64()), "part": [f"p {i % 3}/ü" if i % 4 else None for i in ids], "x": [i / 2 for i in ids]})


def rows_in(dt):
    return pa.table(QueryBuilder().register("t", dt).execute("select count(*) as n from t").read_all())["n"][0].as_py()


def ours(*rows):
    command = ["node", "--conditions=@sluice/source", "packages/lake/test/open-delta-table.ts", str(folder)]
    request = json.dumps({"table": "theirs", "rows": rows})
    return json.loads(subprocess.run(command, input=request, check=True, capture_output=True, text=True).stdout)


def check(when):
    found, dt = ours(), DeltaTable(where)
    actions = pa.table(dt.get_add_actions(flatten=True)).to_pylist()
    theirs = {
        "version": dt.version(),
        "files": len(actions),
        "rows": rows_in(dt),
        "columns": [field.name for field in dt.schema().fields],
        "partitionColumns": dt.metadata().partition_columns,
        "txn": dt.transaction_version("somebody"),
    }
    mine = {
        "version": found["version"],
        "files": len(found["paths"]),
        "rows": found["rows"],
        "columns": found["columns"],
        "partitionColumns": found["partitionColumns"],
        "txn": found["txns"].get("somebody"),
    }
    assert mine == theirs, f"{when}: ours {mine}, delta-rs {theirs}"
    for path in found["paths"]:
        assert (folder / path).exists(), f"{when}: there is no file {path}"
    print(f"{when}: {mine}, {found['tombstones']} removed")


for i in range(12):
    write_deltalake(where, batch(i * 10, 10), mode="append", partition_by=["part"], commit_properties=CommitProperties(app_transactions=[Transaction("somebody", i)]))
check("12 appends")
dt = DeltaTable(where)
dt.optimize.compact()
dt.delete("id >= 60 and id < 70")
check("compacted, rows deleted")
dt = DeltaTable(where)
dt.create_checkpoint()
for commit in sorted((folder / "theirs/_delta_log").glob("*.json"))[:-1]:
    commit.unlink()
check("only the checkpoint and the last commit are left")
before = rows_in(DeltaTable(where))
ours({"id": 1000, "part": "p 1/ü", "x": 0.5}, {"id": 1001, "x": None})
check("two rows appended by us")
dt = DeltaTable(where)
assert rows_in(dt) == before + 2
assert dt.transaction_version("p0") == 1
for i in range(12):
    ours_before = DeltaTable(where).version()
    write_deltalake(where, batch(2000 + i, 1), mode="append")
    assert DeltaTable(where).version() == ours_before + 1
check("12 appends behind ours")
