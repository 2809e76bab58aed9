"""Compares a bird strikes table, as delta-rs reads it, with what the CSV says by rules written down here a second time.

usage: delta-rs.py TABLE CSV
"""

import collections
import csv
import decimal
import sys

from deltalake import DeltaTable

table, source = sys.argv[1:]
dt = DeltaTable(table)
rows = dt.to_pyarrow_table().to_pylist() if hasattr(dt, "to_pyarrow_table") else dt.to_pyarrow_dataset().to_table().to_pylist()

kept, seen = [], set()
for line in csv.DictReader(open(source, encoding="utf-8", newline="")):
    text = tuple(line.values())
    damage, repair = line["Effect Amount of damage"], decimal.Decimal(line["Cost Repair"])
    if damage in ("B", "C"):  # no code of the code book
        continue
    if damage == "None" and repair != 0:  # no damage, yet repaired
        continue
    if text in seen:  # the same report twice
        continue
    seen.add(text)
    kept.append(line)


def totals(records, size, cost, speed, date, species):
    by_size = collections.Counter(r[size] for r in records)
    return {
        "rows": len(records),
        "sizes": dict(sorted(by_size.items())),
        "cost": sum((decimal.Decimal(str(r[cost])) for r in records), decimal.Decimal(0)),
        "speeds": sum(int(r[speed]) for r in records if r[speed] not in (None, "")),
        "without speed": sum(1 for r in records if r[speed] in (None, "")),
        "first day": min(str(r[date]) for r in records),
        "last day": max(str(r[date]) for r in records),
        "species": len({r[species] for r in records}),
    }


ours = totals(rows, "wildlife_size", "cost_total", "speed_ias_in_knots", "flight_date", "wildlife_species")
theirs = totals(kept, "Wildlife Size", "Cost Total $", "Speed IAS in knots", "Flight Date", "Wildlife Species")
coordinates = {(r["_kafka_partition"], r["_kafka_offset"]) for r in rows}
print("delta-rs, version", dt.version(), ours)
print("the CSV, counted anew  ", theirs)
assert ours == theirs, "the table and the file disagree"
assert len(coordinates) == len(rows), "a record is in the table twice"
