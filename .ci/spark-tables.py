"""Spark with Delta beside this package: reads the tables of packages/lake/test/make-delta-tables.ts at each version, changes tables of ours, has ours append to tables of its own, and appends at the same time as ours.

usage: spark-tables.py FOLDER JARS   what others shall read afterwards is in FOLDER/in-turn, with an expected.json of its own
"""

import json
import pathlib
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import spark_in_turn
import spark_race
import spark_refused
import spark_session
from changed_tables import Ours
from delta_expected import compare

# What Spark does not read, and what it says then: looked at anew with each update.
UNREAD = {}

folder = pathlib.Path(sys.argv[1])
in_turn = folder / "in-turn"
shutil.rmtree(in_turn, ignore_errors=True)
in_turn.mkdir()
expected = json.loads((folder / "expected.json").read_text())


def took(what):
    print(f"-- {what}: {time.monotonic() - started:.0f} s since the start", flush=True)


started = time.monotonic()
spark = spark_session.start(sys.argv[2])
took("Spark is up")
ours = Ours(in_turn)
with ThreadPoolExecutor(2) as pool:
    read = spark_session.reader(spark, folder)
    ahead = {(table, int(version)): pool.submit(read, table, int(version)) for table, facts in expected.items() for version in facts["versions"]}
    wrong = compare(expected, {"Spark": lambda table, version: ahead[table, version].result() if (table, version) in ahead else read(table, version)}, UNREAD)
    took("tables of ours are read")
    tables = spark_in_turn.change(spark, ours, folder, in_turn, expected, pool)
    changed = {table.name: {"versions": table.versions, "gone": table.gone} for table in tables}
    (in_turn / "expected.json").write_text(json.dumps(changed))
    took("tables are changed in turn")
    read = spark_session.reader(spark, in_turn)
    ahead = {(table.name, version): pool.submit(read, table.name, version) for table in tables for version in table.versions}
    wrong += compare(changed, {"Spark": lambda table, version: ahead[table, version].result()}, UNREAD)
    took("those are read")
wrong += spark_refused.check(spark, ours, folder, in_turn)
took("tables that ours refuses")
wrong += spark_race.race(spark, ours, in_turn)
took("appends at the same time")
ours.stop()
spark.stop()
sys.exit(f"{wrong} things are not as they must be" if wrong else 0)
