"""Compares Parquet files, as pyarrow reads them, with what stands in the JSON beside each.

usage: parquet-files.py FOLDER
"""

import datetime
import decimal
import json
import pathlib
import struct
import sys

import pyarrow as pa
import pyarrow.parquet as pq

decimal.getcontext().prec = 80
EPOCH = datetime.datetime(1970, 1, 1)
MICRO = datetime.timedelta(microseconds=1)


def said(value, kind):
    if value is None:
        return None
    if pa.types.is_map(kind):
        return [[said(key, kind.key_type), said(item, kind.item_type)] for key, item in value]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [said(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return [said(value[field.name], field.type) for field in kind]
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_floating(kind):
        return "nan" if value != value else struct.pack(">d", value).hex()
    if pa.types.is_decimal(kind):
        return str(int(value.scaleb(kind.scale)))
    if pa.types.is_date(kind):
        return str((value - EPOCH.date()).days)
    if pa.types.is_time(kind):
        return str(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond)
    if pa.types.is_timestamp(kind):
        return str((value.replace(tzinfo=None) - EPOCH) // MICRO)
    if pa.types.is_binary(kind):
        return value.hex()
    return str(value)


rows = wrong = files = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet"), key=lambda each: int(each.stem)):
    table = pq.read_table(path)
    columns = [[said(value, column.type) for value in column.to_pylist()] for column in table.columns]
    found = [list(row) for row in zip(*columns)]
    wanted = json.loads(path.with_suffix(".json").read_text())
    files += 1
    rows += len(wanted)
    if found != wanted:
        wrong += 1
        at = next((i for i, (left, right) in enumerate(zip(found, wanted)) if left != right), min(len(found), len(wanted)))
        print(f"{path}: {len(found)} rows instead of {len(wanted)}; row {at}: {found[at:at + 1]} instead of {wanted[at:at + 1]}; {table.schema}")
print(f"pyarrow {pa.__version__}: {files} files, {rows} rows, {wrong} wrong")
sys.exit(1 if wrong or not files else 0)
