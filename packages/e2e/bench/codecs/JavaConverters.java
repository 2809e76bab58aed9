import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.transforms.InsertField;
import org.apache.kafka.connect.transforms.MaskField;
import org.apache.kafka.connect.transforms.ReplaceField;
import org.apache.kafka.connect.transforms.Transformation;

/** Kafka Connect's converters and transforms alone: one line of JSON for each, with microseconds of this thread's CPU per call. */
class JavaConverters {
    static Object kept;

    static void time(String what, int calls, Supplier<Object> call) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double least = Double.MAX_VALUE;
        for (int round = 0; round < 8; round++) {
            long before = threads.getCurrentThreadCpuTime();
            for (int i = 0; i < calls; i++) kept = call.get();
            double micros = (threads.getCurrentThreadCpuTime() - before) / 1e3 / calls;
            // The first rounds are the compiler's.
            if (round >= 3) least = Math.min(least, micros);
        }
        System.out.printf(java.util.Locale.ROOT, "{\"what\":\"%s\",\"micros\":%.4f}%n", what, least);
    }

    public static void main(String[] args) {
        int calls = Integer.parseInt(args[0]);
        JsonConverter bare = new JsonConverter(), enveloped = new JsonConverter();
        bare.configure(Map.of("schemas.enable", "false"), false);
        enveloped.configure(Map.of("schemas.enable", "true"), false);
        Schema schema = SchemaBuilder.struct().field("id", Schema.INT64_SCHEMA).field("name", Schema.STRING_SCHEMA)
            .field("amount", Schema.FLOAT64_SCHEMA).field("active", Schema.BOOLEAN_SCHEMA).field("ts", Schema.INT64_SCHEMA)
            .field("note", Schema.STRING_SCHEMA).build();
        for (int bytes : new int[] {100, 1024}) {
            String head = "{\"id\":7,\"name\":\"customer 7\",\"amount\":8.75,\"active\":false,\"ts\":1700000000007,\"note\":\"";
            byte[] json = (head + "x".repeat(bytes - head.length() - 2) + "\"}").getBytes(StandardCharsets.UTF_8);
            Object map = bare.toConnectData("t", json).value();
            Struct struct = new Struct(schema);
            ((Map<?, ?>) map).forEach((name, value) -> struct.put((String) name, value));
            byte[] envelope = enveloped.fromConnectData("t", schema, struct);
            time("read " + bytes, calls, () -> bare.toConnectData("t", json));
            time("write map " + bytes, calls, () -> bare.fromConnectData("t", null, map));
            time("read envelope " + bytes, calls, () -> enveloped.toConnectData("t", envelope));
            time("write envelope " + bytes, calls, () -> enveloped.fromConnectData("t", schema, struct));
            if (bytes > 100) continue;
            Transformation<SinkRecord> insert = new InsertField.Value<>(), replace = new ReplaceField.Value<>(), mask = new MaskField.Value<>();
            insert.configure(Map.of("static.field", "origin", "static.value", "bench"));
            replace.configure(Map.of("renames", "name:customer,ts:created"));
            mask.configure(Map.of("fields", "note"));
            SinkRecord ofMap = new SinkRecord("t", 0, null, null, null, map, 1, 1L, TimestampType.CREATE_TIME);
            SinkRecord ofStruct = new SinkRecord("t", 0, null, null, schema, struct, 1, 1L, TimestampType.CREATE_TIME);
            time("three transforms map", calls, () -> mask.apply(replace.apply(insert.apply(ofMap))));
            time("three transforms struct", calls, () -> mask.apply(replace.apply(insert.apply(ofStruct))));
        }
    }
}
