"""Tables of ours that Spark alters, changes, compacts and vacuums, and tables of Spark's own; ours appends to all of them in between."""

import shutil

from changed_tables import ChangedTable


def change(spark, ours, made, folder, expected, pool):
    """The tables, in `folder`, with what readers must find in them. Those of `made` are copied."""

    def copied(name):
        shutil.copytree(made / name, folder / name)
        versions = expected[name]["versions"]
        return ChangedTable(spark, ours, folder, name, versions[max(versions, key=int)])

    def new(name):
        return ChangedTable(spark, ours, folder, name)

    ways = {
        rewritten: copied("rewritten"),
        vacuumed: copied("parted_widely"),
        every_value: copied("extremes"),
        nested: copied("nestings"),
        columns: copied("mapped_later"),
        wider: copied("widened_widely"),
        sidecars: copied("checkpoints_v2"),
        theirs: new("theirs"),
        theirs_mapped: new("theirs_mapped"),
        theirs_wider: new("theirs_wider"),
    }
    for done in [pool.submit(way, table) for way, table in ways.items()]:
        done.result()
    return list(ways.values())


def rewritten(table):
    """Each way of Spark to put rows into other files."""
    table.note()
    for n in range(3):
        table.append({"id": 200 + n, "part": "p 0/ü", "n": n}, {"id": str(200 + n), "part": "p 0/ü", "n": str(n)})
    table.sql("optimize $t")
    table.append({"id": 300, "n": -1}, {"id": "300", "n": "-1"})
    table.sql("delete from $t where id = 201", lambda row: None if row["id"] == "201" else row)
    table.sql("update $t set n = n + 5, part = null where id >= 202", lambda row: {**row, "n": str(int(row["n"]) + 5), "part": None} if int(row["id"]) >= 202 else row)
    table.append({"id": 301, "more": "m"}, {"id": "301", "more": "m"})
    merge = """merge into $t t using (select 300l as id union all select 301l union all select 302l) s on t.id = s.id
      when matched and s.id = 300 then delete when matched then update set more = 'merged' when not matched then insert (id, part) values (s.id, 'p 1/ü')"""
    table.sql(merge, lambda row: None if row["id"] == "300" else {**row, "more": "merged"} if row["id"] == "301" else row)
    table.rows.append({"id": "302", "part": "p 1/ü", "n": None, "more": None})
    table.note()
    table.append({"id": 303, "part": "p 1/ü"}, {"id": "303", "part": "p 1/ü"})
    before = table.version
    table.sql("delete from $t where part is not null", lambda row: row if row["part"] is None else None)
    table.append({"id": 304}, {"id": "304"})
    table.sql(f"restore table $t to version as of {before}")
    table.rows = [dict(row) for row in table.versions[before]]
    table.note()
    table.append({"id": 305}, {"id": "305"})


def vacuumed(table):
    table.sql("update $t set short = 7 where id = 1", lambda row: {**row, "short": "7"} if row["id"] == "1" else row)
    table.append({"id": 100, "größe-1": "a b"}, {"id": "100", "größe-1": "a b"})
    table.sql("optimize $t")
    compacted = table.version
    table.spark.sql(f"vacuum {table.sql_name} retain 0 hours").collect()
    table.forget(compacted)
    table.append({"id": 101, "größe-1": "a b", "day": 0}, {"id": "101", "größe-1": "a b", "day": "1970-01-01"})
    table.sql("delete from $t where `größe-1` = 'a b' and day is null", lambda row: None if row["id"] == "100" else row)


def every_value(table):
    """The ends of the ranges, as Spark writes them again beside ours."""
    table.append({"id": 100, "at": 0}, {"id": "100", "at": "1970-01-01T00:00:00.000000+00:00"})
    table.sql("optimize $t")
    table.sql("delete from $t where id = 100", lambda row: None if row["id"] == "100" else row)
    table.append({"id": 101, "d38": "-0.1"}, {"id": "101", "d38": "-0.1000000000"})


def nested(table):
    table.sql("update $t set id = id + 10 where id <> 2", lambda row: {**row, "id": str(int(row["id"]) + 10)} if row["id"] != "2" else row)
    row = {"id": 20, "firm": [1], "firmMap": {"$map": [["k", 1]]}, "leaves": {"must": 1, "raw": {"$bytes": "00ff"}}}
    leaves = {"day": None, "at": None, "price": None, "raw": "00ff", "ok": None, "f": None, "must": "1"}
    table.append(row, {"id": "20", "firm": ["1"], "firmMap": {"k": "1"}, "leaves": leaves})
    table.sql("optimize $t")


def columns(table):
    """Of a table whose columns are mapped: renamed, added and dropped by Spark, also within structs."""
    table.sql("alter table $t rename column id to `the id`", lambda row: {"the id" if name == "id" else name: value for name, value in row.items()})
    table.append({"the id": 10, "items": [{"sku": "s", "n": 1}]}, {"the id": "10", "items": [{"sku": "s", "n": "1"}]})
    table.sql("alter table $t add columns (fresh date, items.element.more string)", lambda row: {**row, "fresh": None, "items": row["items"] and [item and {**item, "more": None} for item in row["items"]]})
    table.append({"the id": 11, "fresh": 0, "items": [{"more": "m"}]}, {"the id": "11", "fresh": "1970-01-01", "items": [{"sku": None, "n": None, "more": "m"}]})
    table.sql("alter table $t drop column `größe, {new}; a=b`", lambda row: {name: value for name, value in row.items() if not name.startswith("größe")})
    table.append({"the id": 12}, {"the id": "12"})
    table.sql("update $t set fresh = date'2026-11-28' where `the id` = 12", lambda row: {**row, "fresh": "2026-11-28"} if row["the id"] == "12" else row)
    table.append({"the id": 13}, {"the id": "13"})


def wider(table):
    table.sql("alter table $t alter column byte type int")
    table.sql("alter table $t alter column list.element type bigint")
    table.append({"id": 3, "byte": 70000, "list": [5000000000]}, {"id": "3", "byte": "70000", "list": ["5000000000"]})
    table.sql("optimize $t")


def sidecars(table):
    """Spark's own checkpoint of version 2, and what follows it."""
    table.sql("alter table $t set tblproperties ('delta.checkpointInterval' = '2')")
    for n in range(4):
        table.sql(f"insert into $t values ({100 + n}, 'p0')")
        table.rows.append({"id": str(100 + n), "part": "p0"})
        table.note()
        table.append({"id": 200 + n, "part": "new"}, {"id": str(200 + n), "part": "new"})


TYPES = {
    "id": "bigint not null", "a": "tinyint", "b": "smallint", "c": "int", "d": "float", "e": "double", "f": "boolean", "g": "string comment 'words'", "h": "binary", "i": "date",
    "j": "timestamp", "jn": "timestamp_ntz", "k": "decimal(9,2)", "l": "decimal(38,0)", "m": "array<string>", "n": "map<string,int>", "o": "struct<x:bigint,y:array<struct<z:string>>>",
    "v": "varchar(5)", "p": "string", "q": "date", "r": "timestamp", "s": "decimal(10,3)", "u": "boolean",
}  # fmt: skip


def theirs(table):
    """Every type, parted by five columns; made, filled and checkpointed by Spark."""
    made = ", ".join(f"{name} {type}" for name, type in TYPES.items())
    table.sql(f"create table $t ({made}) using delta partitioned by (p, q, r, s, u) tblproperties ('delta.checkpointInterval' = '2')")
    table.sql("""insert into $t values (1, -128, 32767, -2147483648, 0.5, 1e300, true, 'Zürich €𝄞', X'00ff', date'1969-12-31', timestamp'2026-11-28 10:00:00.123456Z',
      timestamp_ntz'2026-11-28 10:00:00.123456', -1234567.89, 99999999999999999999999999999999999999, array('a', null), map('k', 1, 'l', null), named_struct('x', 7l, 'y', array(named_struct('z', 'q'))),
      'five5', 'a b/c=d%20:é', date'2026-11-28', timestamp'2026-11-28 10:00:00.123456Z', 12.5, true)""")  # fmt: skip
    first = {
        "id": "1", "a": "-128", "b": "32767", "c": "-2147483648", "d": "0.5", "e": "1e+300", "f": "true", "g": "Zürich €𝄞", "h": "00ff", "i": "1969-12-31", "j": "2026-11-28T10:00:00.123456+00:00",
        "jn": "2026-11-28T10:00:00.123456", "k": "-1234567.89", "l": "9" * 38, "m": ["a", None], "n": {"k": "1", "l": None}, "o": {"x": "7", "y": [{"z": "q"}]}, "v": "five5",
        "p": "a b/c=d%20:é", "q": "2026-11-28", "r": "2026-11-28T10:00:00.123456+00:00", "s": "12.500", "u": "true",
    }  # fmt: skip
    table.rows.append(first)
    table.note()
    row = {"id": 2, "a": 1, "d": -0.5, "g": "x", "h": {"$bytes": "01"}, "i": 0, "j": 0, "jn": 0, "k": "0.1", "l": "-1", "m": [], "n": {"$map": []}, "o": {"x": None, "y": [None]}, "v": "five",
           "p": "a b/c=d%20:é", "q": 20785, "r": 1795860000123, "s": "12.5", "u": False}  # fmt: skip
    said = {"id": "2", "a": "1", "d": "-0.5", "g": "x", "h": "01", "i": "1970-01-01", "j": "1970-01-01T00:00:00.000000+00:00", "jn": "1970-01-01T00:00:00.000000", "k": "0.10", "l": "-1", "m": [], "n": [],
            "o": {"x": None, "y": [None]}, "v": "five", "p": "a b/c=d%20:é", "q": "2026-11-28", "r": "2026-11-28T10:00:00.123000+00:00", "s": "12.500", "u": "false"}  # fmt: skip
    table.append(row, said)
    table.append({"id": 3}, {"id": "3"})
    table.sql("optimize $t")
    table.sql("delete from $t where id = 3", lambda row: None if row["id"] == "3" else row)
    table.append({"id": 4, "p": "q"}, {"id": "4", "p": "q"})


def theirs_mapped(table):
    table.sql("create table $t (id bigint, `the part` string, deep struct<x:int>) using delta partitioned by (`the part`) tblproperties ('delta.columnMapping.mode' = 'name', 'delta.checkpointInterval' = '2')")
    table.sql("insert into $t values (1, 'p', named_struct('x', 1))")
    table.rows.append({"id": "1", "the part": "p", "deep": {"x": "1"}})
    table.note()
    table.append({"id": 2, "the part": "p", "deep": {"x": 2}}, {"id": "2", "the part": "p", "deep": {"x": "2"}})
    table.sql("alter table $t rename column deep.x to `x y`", lambda row: {**row, "deep": {"x y": row["deep"]["x"]}})
    table.append({"id": 3, "deep": {"x y": 3}}, {"id": "3", "deep": {"x y": "3"}})
    table.sql("optimize $t")


def theirs_wider(table):
    table.sql("create table $t (id int, x float, d decimal(9,2)) using delta tblproperties ('delta.enableTypeWidening' = 'true')")
    table.sql("insert into $t values (1, 0.5, 1.25)")
    table.rows.append({"id": "1", "x": "0.5", "d": "1.25"})
    table.note()
    for column, type in {"id": "bigint", "x": "double", "d": "decimal(12,3)"}.items():
        table.sql(f"alter table $t alter column {column} type {type}", lambda row: {**row, "d": "1.250" if column == "d" else "1.25"})
    table.append({"id": 5000000000, "x": 1e300, "d": "0.001"}, {"id": "5000000000", "x": "1e+300", "d": "0.001"})
    table.sql("optimize $t")
