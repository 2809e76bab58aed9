import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.header.*;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.storage.SimpleHeaderConverter;
import org.apache.kafka.connect.transforms.Transformation;
import org.apache.kafka.connect.transforms.predicates.Predicate;

/** Kafka Connect's transforms between its converters: one chain with its records a line on stdin, what became of each record on stdout. */
class SmtChains {
    static final ObjectMapper M = new ObjectMapper();

    record Step(Transformation<SinkRecord> transform, Predicate<SinkRecord> predicate, boolean negate) {
        SinkRecord apply(SinkRecord r) { return predicate == null || predicate.test(r) != negate ? transform.apply(r) : r; }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        for (String line; (line = in.readLine()) != null; ) out.println(M.writeValueAsString(answer(M.readTree(line))));
        out.flush();
    }

    static JsonNode answer(JsonNode given) {
        ObjectNode answer = M.createObjectNode();
        Map<String, String> config = new HashMap<>();
        given.get("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
        List<Step> steps = new ArrayList<>();
        try {
            for (String alias : config.get("transforms").split(",")) steps.add(step(alias, config));
        } catch (Throwable e) {
            answer.set("refused", error(e));
            return answer;
        }
        JsonConverter keys = new JsonConverter(), values = new JsonConverter();
        Map<String, String> settings = Map.of("schemas.enable", given.get("hasSchemas").asText());
        keys.configure(settings, true);
        values.configure(settings, false);
        ArrayNode records = answer.putArray("records");
        for (JsonNode record : given.get("records")) {
            try {
                records.add(through(record, steps, keys, values));
            } catch (Throwable e) {
                records.addObject().set("error", error(e));
            }
        }
        return answer;
    }

    @SuppressWarnings("unchecked")
    static Step step(String alias, Map<String, String> config) throws Exception {
        Map<String, String> own = below("transforms." + alias + ".", config);
        Transformation<SinkRecord> transform = (Transformation<SinkRecord>) make(own.get("type"));
        transform.configure(own);
        String named = own.get("predicate");
        if (named == null) return new Step(transform, null, false);
        Map<String, String> its = below("predicates." + named + ".", config);
        Predicate<SinkRecord> predicate = (Predicate<SinkRecord>) make(its.get("type"));
        predicate.configure(its);
        return new Step(transform, predicate, Boolean.parseBoolean(own.get("negate")));
    }

    static Object make(String name) throws Exception { return Class.forName(name).getDeclaredConstructor().newInstance(); }

    static Map<String, String> below(String prefix, Map<String, String> config) {
        Map<String, String> found = new HashMap<>();
        config.forEach((k, v) -> { if (k.startsWith(prefix)) found.put(k.substring(prefix.length()), v); });
        return found;
    }

    static JsonNode through(JsonNode given, List<Step> steps, JsonConverter keys, JsonConverter values) {
        SimpleHeaderConverter texts = new SimpleHeaderConverter();
        String topic = given.get("topic").asText();
        SchemaAndValue key = keys.toConnectData(topic, bytes(given.get("key"))), value = values.toConnectData(topic, bytes(given.get("value")));
        Headers headers = new ConnectHeaders();
        for (JsonNode h : given.get("headers")) headers.add(h.get(0).asText(), texts.toConnectHeader(topic, h.get(0).asText(), bytes(h.get(1))));
        SinkRecord r = new SinkRecord(topic, given.get("partition").asInt(), key.schema(), key.value(), value.schema(), value.value(),
            given.get("offset").asLong(), given.get("timestamp").asLong(), TimestampType.CREATE_TIME, headers);
        for (Step step : steps) if ((r = step.apply(r)) == null) return TextNode.valueOf("dropped");
        ObjectNode n = M.createObjectNode();
        n.put("topic", r.topic());
        n.set("key", text(keys.fromConnectData(r.topic(), r.keySchema(), r.key())));
        n.set("value", text(values.fromConnectData(r.topic(), r.valueSchema(), r.value())));
        ArrayNode hs = n.putArray("headers");
        for (Header h : r.headers()) hs.addArray().add(h.key()).add(text(texts.fromConnectHeader(r.topic(), h.key(), h.schema(), h.value())));
        return n;
    }

    static byte[] bytes(JsonNode n) { return n.isNull() ? null : n.asText().getBytes(StandardCharsets.UTF_8); }
    static JsonNode text(byte[] b) { return b == null ? NullNode.instance : TextNode.valueOf(new String(b, StandardCharsets.UTF_8)); }
    static JsonNode error(Throwable e) { return M.createObjectNode().put("class", e.getClass().getSimpleName()).put("message", String.valueOf(e.getMessage())); }
}
