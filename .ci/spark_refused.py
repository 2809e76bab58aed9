"""What Spark makes of tables of ours while ours has them open: taken, or a clear stop that names the reason, and then nothing is written."""

import shutil
from concurrent.futures import ThreadPoolExecutor

from changed_tables import ChangedTable

SET = "alter table $t set tblproperties ({})"


def replaced(columns, rest=""):
    return ["create table $n using delta location '$p'", f"create or replace table $n ({columns}) using delta {rest} location '$p'"]


# What Spark does, and the words of ours then; None: rows go on.
WAYS = {
    "deletion_vectors": ([SET.format("'delta.enableDeletionVectors' = 'true'"), "delete from $t where id = 1"], "deletionVectors"),
    "row_tracking": ([SET.format("'delta.enableRowTracking' = 'true'")], "rowTracking"),
    "times_in_commits": ([SET.format("'delta.enableInCommitTimestamps' = 'true'")], "inCommitTimestamp"),
    "check": (["alter table $t add constraint positive check (id >= 0)"], "the CHECK constraint positive"),
    "default": ([SET.format("'delta.feature.allowColumnDefaults' = 'supported'"), "alter table $t alter column word set default 'w'"], "allowColumnDefaults"),
    "clustered": (replaced("id bigint, word string", "cluster by (id)"), "clustering"),
    "generated": (replaced("id bigint, word string, twice bigint generated always as (id * 2)"), "a generation expression on column twice"),
    "identity": (replaced("id bigint, word string, n bigint generated always as identity"), "identity values on column n"),
    "variant": (replaced("id bigint, word string, v variant"), "variantType"),
    "other_type": (replaced("id string, word string"), "no longer fit it: meanwhile column id became string"),
    "fewer_columns": (replaced("id bigint"), "no longer fit it: meanwhile column word is gone"),
    "by_id": (replaced("id bigint, word string, x double, list array<string>", "tblproperties ('delta.columnMapping.mode' = 'id')"), "no longer fit it: meanwhile column id became another one of that name"),
    "change_feed": ([SET.format("'delta.enableChangeDataFeed' = 'true'"), "update $t set word = 'changed' where id = 1"], None),
    "only_appends": ([SET.format("'delta.appendOnly' = 'true'")], None),
    "not_null": (["alter table $t alter column id drop not null"], None),
}  # fmt: skip


def check(spark, ours, made, folder):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda way: problems(spark, ours, made, folder, way), WAYS.items()))


def problems(spark, ours, made, folder, way):
    name, (statements, words) = way
    shutil.copytree(made / "encodings", folder / name)
    table = ChangedTable(spark, ours, folder, name)
    row = {"id": 9000, "word": "w"}
    first = ours.ask(name, row, **{"as": name})
    assert "error" not in first, f"{name}: {first}"
    for statement in statements:
        table.sql(statement)
    version, rows, own = table.version, *counts(table)
    answers = [ours.ask(name, row, **{"as": name})]
    # A task that starts finds the table as it is; whether a row fits it then is another matter.
    if words is None or "no longer fit" not in words:
        answers.append(ours.ask(name, row))
    wrong = [answer for answer in answers if ("error" in answer) != (words is not None) or (words or "") not in answer.get("says", "")]
    written = 0 if words is not None else len(answers)
    found = (table.version, *counts(table))
    if found != (version + written, rows + written, own + written):
        wrong.append(f"version, rows and rows of ours are {found}, after {(version, rows, own)}")
    said = answers[0].get("says", "rows go on")
    print(f"{name}: {said if not wrong else wrong}", flush=True)
    return len(wrong)


def counts(table):
    """Rows, and those of ours among them."""
    found = table.spark.sql(f"select count(*) as n, count_if(cast(id as string) = '9000') as own from {table.sql_name}").collect()[0]
    return found["n"], found["own"]
