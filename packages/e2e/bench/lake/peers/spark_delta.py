"""Spark with Delta, local[2]: lines of JSON into a table by one append. spark_delta.py LINES TABLE JARS   JARS: the folder of delta-spark and its kin"""
import glob, json, os, sys
from pyspark.sql import SparkSession

lines, folder, jars = sys.argv[1:4]
local = "127.0.0.1"
settings = {
    "spark.jars": ",".join(glob.glob(f"{jars}/*.jar")), "spark.driver.memory": "2g", "spark.ui.enabled": "false", "spark.driver.bindAddress": local,
    "spark.driver.host": local, "spark.sql.shuffle.partitions": "4", "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.compression.codec": "zstd", "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
builder = SparkSession.builder.master("local[2]")
for name, value in settings.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
pid = spark._jvm.java.lang.ProcessHandle.current().pid()


def cpu():
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def peak():
    return next(int(line.split()[1]) / 1024 for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))


SCHEMA = ("id long, seq long, customer string, status string, currency string, amount string, created_at long, gift boolean, note string, "
          "address struct<city:string,zip:string,geo:struct<lat:double,lon:double>>")
before = cpu()
read = spark.read.schema(SCHEMA).json(lines)
typed = read.selectExpr("id", "seq", "customer", "status", "currency", "cast(amount as decimal(12,2)) amount",
                        "timestamp_micros(created_at) created_at", "gift", "note", "address")
typed.write.format("delta").mode("append").save(os.path.abspath(folder))
size = sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names
           if name.endswith(".parquet") and "_delta_log" not in at)
print(json.dumps({"step": "append", "cpuSeconds": cpu() - before, "processCpuSeconds": cpu(), "peakMiB": peak(), "bytes": size}), flush=True)
spark.stop()
