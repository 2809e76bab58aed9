"""delta-rs: lines of JSON into a table by so many commits. deltars.py LINES TABLE COMMITS"""
import sys
from metered import *
from deltalake import write_deltalake

lines, folder, commits = sys.argv[1], sys.argv[2], int(sys.argv[3])


def own(table):
    # deltalake 1.6.6 ends the process when it is given slices of larger buffers.
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return pa.ipc.open_stream(out.getvalue()).read_all()


with metered("append") as more:
    table = load(lines)
    rows = table.num_rows // commits
    for i in range(commits):
        write_deltalake(folder, own(table.slice(i * rows, rows)), mode="append")
    more["bytes"] = bytes_of(folder)
    more["rows"] = rows * commits
