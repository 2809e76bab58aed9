"""Spark and ours append to one table of a file system at the same time: each commit of both must be there afterwards, once.

On a file system Spark looks whether a version is there and then renames its own to that name, which replaces what came in between. That is told
apart: ours must never lose a commit otherwise, nor ever replace one of Spark's. Where a checkpoint was made of what was there before, the table has
the commit that was replaced, and not the one in its place: one of the two it has.
"""

import json
import threading
import time

ROUNDS = 20


def race(spark, ours, folder):
    name = "race"
    where = f"{folder}/{name}"
    spark.sql(f"create table delta.`{where}` (id bigint, who string) using delta").collect()
    isOver = threading.Event()
    mine = []

    def append_of_ours():
        while not isOver.is_set():
            answer = ours.ask(name, {"id": len(mine), "who": "ours"}, **{"as": name})
            mine.append(answer)
            # As often as Spark looks for a version that is free, and not always at the same moment.
            time.sleep(0.02 + 0.013 * (len(mine) % 5))

    thread = threading.Thread(target=append_of_ours)
    thread.start()
    try:
        for round in range(ROUNDS):
            spark.sql(f"insert into delta.`{where}` values ({round}, 'spark')").collect()
    finally:
        isOver.set()
        thread.join()
    wrong = [answer for answer in mine if "error" in answer]
    found = {row["who"]: (row["n"], row["ids"]) for row in spark.sql(f"select who, count(*) as n, count(distinct id) as ids from delta.`{where}` group by who").collect()}
    replaced = sum(not is_of_ours(folder / name, answer["version"]) for answer in mine if "error" not in answer)
    left = len(mine) - replaced
    # For each that was replaced, the one or the other.
    wanted = [{"ours": (left + n, left + n), "spark": (ROUNDS - n, ROUNDS - n)} for n in range(replaced + 1)]
    if found not in wanted:
        wrong.append(f"found {found}, written were {wanted}")
    print(f"{ROUNDS} appends of Spark beside {len(mine)} of ours: {wrong or 'each is there once'}, but for {replaced} that Spark renamed over", flush=True)
    return len(wrong)


def is_of_ours(table, version):
    first = (table / f"_delta_log/{version:020d}.json").read_text().split("\n")[0]
    return json.loads(first)["commitInfo"]["engineInfo"].startswith("sluice")
