"""Tables that Spark and this package change in turn, with what must be in them version by version."""

import json
import subprocess
import threading


class Ours:
    """The process of packages/lake/test/open-delta-table.ts, one request at a time."""

    def __init__(self, folder):
        command = ["node", "--conditions=@sluice/source", "packages/lake/test/open-delta-table.ts", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lock = threading.Lock()

    def ask(self, table, *rows, **more):
        with self.lock:
            self.process.stdin.write(json.dumps({"table": table, "rows": rows, **more}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        assert line, "the process of ours ended"
        return json.loads(line)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


class ChangedTable:
    """What is told of each change is what readers must say afterwards: rows as texts, as `said` of delta_expected.py makes them."""

    def __init__(self, spark, ours, folder, name, rows=()):
        self.spark, self.ours, self.folder, self.name = spark, ours, folder, name
        self.rows = [dict(row) for row in rows]
        self.versions = {}
        self.gone = []

    @property
    def sql_name(self):
        return f"delta.`{self.folder / self.name}`"

    @property
    def version(self):
        return max(int(file.name.split(".")[0]) for file in (self.folder / self.name / "_delta_log").glob("*.json") if file.name.split(".")[0].isdigit())

    def note(self):
        self.versions[self.version] = [dict(row) for row in self.rows]

    def sql(self, text, change=None):
        """Spark runs that, with the table for `$t`, its name for `$n` and its path for `$p`; `change` makes of the rows what they are then."""
        self.spark.sql(text.replace("$t", self.sql_name).replace("$n", self.name).replace("$p", str(self.folder / self.name))).collect()
        if change is not None:
            self.rows = [after for row in self.rows if (after := change(dict(row))) is not None]
        self.note()

    def append(self, row, said):
        """A row of ours, and what readers say of it besides null."""
        answer = self.ours.ask(self.name, row)
        assert "error" not in answer, f"{self.name}: {answer}"
        columns = answer["columns"]
        self.rows.append({column: said.get(column) for column in columns})
        assert answer["version"] == self.version, f"{self.name}: ours is at {answer['version']}, the log at {self.version}"
        assert answer["rows"] == len(self.rows), f"{self.name}: {answer['rows']} rows for {len(self.rows)}"
        self.note()

    def forget(self, before):
        """Vacuumed: files of versions before that one are no more."""
        self.versions = {version: rows for version, rows in self.versions.items() if version >= before}
        self.note()
