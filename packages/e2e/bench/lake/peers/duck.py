"""DuckDB: lines of JSON to one Parquet file, without a table format, on one thread. duck.py LINES FILE"""
import json, os, sys
from metered import metered
import duckdb

lines, file = sys.argv[1:3]
db = duckdb.connect()
db.execute("set threads=1; set TimeZone='UTC'; set preserve_insertion_order=false")
COLUMNS = ("{id:'BIGINT',seq:'BIGINT',customer:'VARCHAR',status:'VARCHAR',currency:'VARCHAR',amount:'DECIMAL(12,2)',created_at:'BIGINT',"
           "gift:'BOOLEAN',note:'VARCHAR',address:'STRUCT(city VARCHAR, zip VARCHAR, geo STRUCT(lat DOUBLE, lon DOUBLE))'}")
with metered("copy") as more:
    db.execute(f"""copy (select * replace (make_timestamptz(created_at) as created_at)
                         from read_json('{lines}', format='newline_delimited', columns={COLUMNS}))
                   to '{file}' (format parquet, compression zstd, row_group_size 100000)""")
    more["bytes"] = os.path.getsize(file)
