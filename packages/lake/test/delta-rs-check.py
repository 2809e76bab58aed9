#!/usr/bin/env python3
"""Reads a Delta table with delta-rs, a reader and writer that shares no code with this package, and says what it found.

    pip install deltalake pyarrow
    python3 delta-rs-check.py TABLE_FOLDER [APP_ID ...]

Prints one JSON object:
  version, files, rows, columns       as delta-rs sees them
  sums     per numeric column: the sum of its values, as exact text for integers and decimals
  nulls    per column: how many nulls
  min, max per column, from the rows
  stats_agree   whether the bounds and counts in the log, file by file, are true of the rows
  txns     per APP_ID: the version that the table holds, or null
Ends with 1 and a message when the statistics are not true.
"""
import decimal
import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable

decimal.getcontext().prec = 100


def summable(kind):
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def total(column):
    if pa.types.is_integer(column.type):
        return str(sum(value for value in column.to_pylist() if value is not None))
    if pa.types.is_decimal(column.type):
        return format(sum((value for value in column.to_pylist() if value is not None), start=decimal.Decimal(0)), "f")
    return pc.sum(column).as_py()


def bounds(column):
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or len(column) == column.null_count:
        return None
    low_high = pc.min_max(column)
    return low_high["min"].as_py(), low_high["max"].as_py()


def contradictions(folder, actions):
    """What the log says of each file, held against the file itself."""
    found = []
    for action in actions.to_pylist():
        rows = pq.read_table(f"{folder}/{action['path']}")
        if action["num_records"] != rows.num_rows:
            found.append(f"{action['path']}: numRecords {action['num_records']}, rows {rows.num_rows}")
        for name in rows.column_names:
            nulls = action.get(f"null_count.{name}")
            if nulls is not None and nulls != rows[name].null_count:
                found.append(f"{action['path']}: nullCount of {name} {nulls}, nulls {rows[name].null_count}")
            real = bounds(rows[name])
            if real is None:
                continue
            low, high = action.get(f"min.{name}"), action.get(f"max.{name}")
            # Timestamps are cut down to the millisecond in the log: what is within one more counts as bounded.
            slack = pa.types.is_timestamp(rows[name].type)
            if low is not None and low > real[0]:
                found.append(f"{action['path']}: min of {name} {low} above {real[0]}")
            if high is not None and high < real[1] and not (slack and (real[1] - high).total_seconds() < 0.001):
                found.append(f"{action['path']}: max of {name} {high} below {real[1]}")
    return found


def main():
    folder, app_ids = sys.argv[1], sys.argv[2:]
    table = DeltaTable(folder)
    rows = table.to_pyarrow_table()
    wrong = contradictions(folder, pa.table(table.get_add_actions(flatten=True)))
    low_high = {name: bounds(rows[name]) for name in rows.column_names}
    print(
        json.dumps(
            {
                "version": table.version(),
                "files": len(table.file_uris()),
                "rows": rows.num_rows,
                "columns": {field.name: str(field.type) for field in rows.schema},
                "sums": {name: total(rows[name]) for name in rows.column_names if summable(rows[name].type)},
                "nulls": {name: rows[name].null_count for name in rows.column_names},
                "min": {name: str(pair[0]) for name, pair in low_high.items() if pair},
                "max": {name: str(pair[1]) for name, pair in low_high.items() if pair},
                "stats_agree": not wrong,
                "txns": {app_id: table.transaction_version(app_id) for app_id in app_ids},
            },
            indent=2,
        )
    )
    if wrong:
        sys.exit("The statistics in the log are not true:\n" + "\n".join(wrong))


main()
