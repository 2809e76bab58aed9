"""The orders' schema, reading them, and what a step has used: shared by the Python peers."""
import contextlib, json, os, resource
import pyarrow as pa, pyarrow.json as pj

GEO = pa.struct([("lat", pa.float64()), ("lon", pa.float64())])
ADDRESS = pa.struct([("city", pa.string()), ("zip", pa.string()), ("geo", GEO)])
SCHEMA = pa.schema([("id", pa.int64()), ("seq", pa.int64()), ("customer", pa.string()), ("status", pa.string()),
                    ("currency", pa.string()), ("amount", pa.decimal128(12, 2)), ("created_at", pa.timestamp("us", "UTC")),
                    ("gift", pa.bool_()), ("note", pa.string()), ("address", ADDRESS)])
# What JSON has no word for is read as something else first.
READ_AS = {"amount": pa.string(), "created_at": pa.int64()}


def load(path):
    schema = pa.schema([(field.name, READ_AS.get(field.name, field.type)) for field in SCHEMA])
    table = pj.read_json(path, parse_options=pj.ParseOptions(explicit_schema=schema),
                         read_options=pj.ReadOptions(block_size=8 << 20))
    for name in READ_AS:
        field = SCHEMA.field(name)
        table = table.set_column(table.schema.get_field_index(name), field, table[name].cast(field.type))
    return table


def used():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


@contextlib.contextmanager
def metered(step):
    """Prints a line of JSON: the step's CPU seconds, those of the process so far, its peak memory, and what the caller adds."""
    more = {}
    before, _ = used()
    yield more
    after, peak = used()
    print(json.dumps({"step": step, "cpuSeconds": after - before, "processCpuSeconds": after, "peakMiB": peak, **more}), flush=True)


def bytes_of(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder)
               if "_delta_log" not in at for name in names if name.endswith(".parquet"))
