"""Reads the tables of packages/lake/test/make-delta-tables.ts with delta-rs, and with DuckDB and its extension for Delta, at each version, and compares rows with expected.json.

usage: delta-tables.py FOLDER
"""

import pathlib
import sys

import duckdb
import duckdb_extension_delta
import pyarrow
from delta_expected import compare, expected_in
from deltalake import DeltaTable, QueryBuilder


def without(column):
    return lambda row: {**row, column: None}


# What a reader does not read, and what it says then: looked at anew with each update.
UNREAD = {
    ("delta-rs", "widened"): "TypeWidening",
    ("delta-rs", "widened_widely"): "TypeWidening",
    ("delta-rs", "theirs_wider"): "TypeWidening",
    # Of structs in lists it reads older files.
    ("delta-rs", "evolved_maps"): "Cannot cast column 'by'",
    # It looks for the values of partition columns under their logical names; the log has them under the physical ones.
    ("DuckDB", "mapped"): without("part"),
    ("DuckDB", "rewritten_mapped"): without("part"),
    ("DuckDB", "theirs_mapped"): without("the part"),
}

folder = pathlib.Path(sys.argv[1])


def by_delta_rs(table, version):
    dt = DeltaTable(str(folder / table), version=version)
    return pyarrow.table(QueryBuilder().register("t", dt).execute("select * from t").read_all()).to_pylist()


extensions = pathlib.Path(duckdb_extension_delta.__file__).parent
duck = duckdb.connect(config={"allow_unsigned_extensions": "true"})
duck.execute(f"load '{next(extensions.rglob('delta.duckdb_extension'))}'")
duck.execute("set TimeZone = 'UTC'")


def by_duckdb(table, version):
    return duck.execute(f"select * from delta_scan('{folder / table}', version={version})").to_arrow_table().to_pylist()


wrong = compare(expected_in(folder), {"delta-rs": by_delta_rs, "DuckDB": by_duckdb}, UNREAD)
sys.exit(f"{wrong} versions are not what was written" if wrong else 0)
