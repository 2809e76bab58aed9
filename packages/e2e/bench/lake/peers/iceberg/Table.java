// Makes db.orders in a warehouse (a folder): java -cp 'JARS/*' Table.java WAREHOUSE. The amount is a text and the time a number, as in the lake sink's table.
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.Schema;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.hadoop.HadoopCatalog;
import org.apache.iceberg.types.Types;
import static org.apache.iceberg.types.Types.NestedField.*;

public class Table {
  public static void main(String[] arguments) {
    Types.StructType geo = Types.StructType.of(required(14, "lat", Types.DoubleType.get()), required(15, "lon", Types.DoubleType.get()));
    Types.StructType address = Types.StructType.of(
      required(11, "city", Types.StringType.get()), optional(12, "zip", Types.StringType.get()), required(13, "geo", geo));
    new HadoopCatalog(new Configuration(), arguments[0]).createTable(TableIdentifier.of("db", "orders"), new Schema(
      required(1, "id", Types.LongType.get()), required(2, "seq", Types.LongType.get()), required(3, "customer", Types.StringType.get()),
      required(4, "status", Types.StringType.get()), required(5, "currency", Types.StringType.get()), required(6, "amount", Types.StringType.get()),
      required(7, "created_at", Types.LongType.get()), required(8, "gift", Types.BooleanType.get()), optional(9, "note", Types.StringType.get()),
      required(10, "address", address)));
  }
}
