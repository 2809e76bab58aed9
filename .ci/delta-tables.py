"""Reads the tables of packages/lake/test/make-delta-tables.ts with delta-rs, at each version, and compares rows with expected.json.

usage: delta-tables.py FOLDER
"""

import datetime
import decimal
import json
import pathlib
import sys

import pyarrow
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

# What this delta-rs does not read, and what it says then: looked at anew with each update.
UNREAD = {"widened": "TypeWidening"}

folder = pathlib.Path(sys.argv[1])
expected = json.loads((folder / "expected.json").read_text())


def said(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, list):
        if value and all(isinstance(item, tuple) for item in value):
            return {key: said(item) for key, item in value}
        return [said(item) for item in value]
    if isinstance(value, dict):
        return {key: said(item) for key, item in value.items()}
    return str(value)


def rows_at(table, version):
    dt = DeltaTable(str(folder / table), version=version)
    batches = QueryBuilder().register("t", dt).execute("select * from t").read_all()
    return [{key: said(value) for key, value in row.items()} for row in pyarrow.table(batches).to_pylist()]


def ordered(rows):
    return sorted((json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows))


wrong = 0
for table, facts in expected.items():
    for version, rows in facts["versions"].items():
        try:
            found = rows_at(table, int(version))
        except Exception as error:
            known = UNREAD.get(table)
            if known is not None and known in str(error):
                print(f"{table} version {version}: not read by this delta-rs: {known}")
                continue
            wrong += 1
            print(f"{table} version {version}: {type(error).__name__} {error}")
            continue
        if ordered(found) != ordered(rows):
            wrong += 1
            print(f"{table} version {version}: delta-rs has\n  " + "\n  ".join(ordered(found)) + "\nnot\n  " + "\n  ".join(ordered(rows)))
    for version in facts["gone"]:
        try:
            DeltaTable(str(folder / table), version=version)
            wrong += 1
            print(f"{table} version {version}: it was cleaned away, and yet it is read")
        except DeltaError:
            pass
    print(f"{table}: {len(facts['versions'])} versions, {len(facts['gone'])} gone")
sys.exit(f"{wrong} versions are not what was written" if wrong else 0)
