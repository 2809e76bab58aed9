"""One small Spark with Delta. The versions stand in `.ci/spark` and `.ci/spark-pom.xml`."""

import datetime
import pathlib

from pyspark.sql import SparkSession
from pyspark.sql.types import TimestampType

# Python's own way from seconds to a datetime, which PySpark takes, ends a day after the year 1 began, and says no zone.
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
TimestampType.fromInternal = lambda _, micros: None if micros is None else EPOCH + datetime.timedelta(microseconds=micros)


def start(jars):
    settings = {
        "spark.jars": ",".join(str(jar) for jar in sorted(pathlib.Path(jars).glob("*.jar"))),
        "spark.driver.memory": "1g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        # Hundreds of tiny queries: compiling and planning them well takes longer than they do.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseSerialGC",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.databricks.delta.snapshotPartitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        # By default INT96, which delta-rs takes for nanoseconds: years before 1677 and after 2262 come out as others.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # VACUUM of what was removed just now.
        "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def rows_of(frame):
    return [row.asDict(recursive=True) for row in frame.collect()]


def reader(spark, folder):
    """Of the tables in that folder; see `compare` of delta_expected.py."""
    return lambda table, version: rows_of(spark.read.format("delta").option("versionAsOf", version).load(f"{folder}/{table}"))
