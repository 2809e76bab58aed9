"""Reads the tables of packages/lake/test/make-delta-tables.ts with delta-rs, and with DuckDB and its extension for Delta, at each version, and compares rows with expected.json.

usage: delta-tables.py FOLDER
"""

import datetime
import decimal
import json
import pathlib
import sys

import duckdb
import duckdb_extension_delta
import pyarrow
from deltalake import DeltaTable, QueryBuilder

# What a reader does not read, and what it says then: looked at anew with each update.
# DuckDB looks for the values of partition columns under their logical names; the log has them under the physical ones.
UNREAD = {("delta-rs", "widened"): "TypeWidening", ("DuckDB", "mapped"): '"part": null'}

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


def by_delta_rs(table, version):
    dt = DeltaTable(str(folder / table), version=version)
    return pyarrow.table(QueryBuilder().register("t", dt).execute("select * from t").read_all())


extensions = pathlib.Path(duckdb_extension_delta.__file__).parent
duck = duckdb.connect(config={"allow_unsigned_extensions": "true"})
duck.execute(f"load '{next(extensions.rglob('delta.duckdb_extension'))}'")
duck.execute("set TimeZone = 'UTC'")


def by_duckdb(table, version):
    return duck.execute(f"select * from delta_scan('{folder / table}', version={version})").to_arrow_table()


def ordered(rows):
    return sorted((json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows))


def difference(reader, read, table, version, rows):
    known = UNREAD.get((reader, table))
    try:
        found = ordered({key: said(value) for key, value in row.items()} for row in read(table, version).to_pylist())
        if found == ordered(rows):
            return None
        what = "it has\n  " + "\n  ".join(found) + "\nnot\n  " + "\n  ".join(ordered(rows))
    except Exception as error:
        what = f"{type(error).__name__} {error}"
    return None if known is not None and known in what else what


def is_read(read, table, version):
    try:
        read(table, version)
        return True
    except Exception:
        return False


wrong = 0
for reader, read in {"delta-rs": by_delta_rs, "DuckDB": by_duckdb}.items():
    for table, facts in expected.items():
        for version, rows in facts["versions"].items():
            found = difference(reader, read, table, int(version), rows)
            if found is not None:
                wrong += 1
                print(f"{reader}, {table} version {version}: {found}")
        for version in facts["gone"]:
            if is_read(read, table, version):
                wrong += 1
                print(f"{reader}, {table} version {version}: it was cleaned away, and yet it is read")
        unread = f"; not read right: {UNREAD[(reader, table)]}" if (reader, table) in UNREAD else ""
        print(f"{reader}, {table}: {len(facts['versions'])} versions, {len(facts['gone'])} gone{unread}")
sys.exit(f"{wrong} versions are not what was written" if wrong else 0)
