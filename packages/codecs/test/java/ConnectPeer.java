import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import java.io.*;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.*;
import org.apache.kafka.connect.data.*;
import org.apache.kafka.connect.data.Date;
import org.apache.kafka.connect.storage.*;

/** Kafka Connect's converters: one case a line in the format of the vectors on stdin, the same with its outcome on stdout. */
class ConnectPeer {
    static final ObjectMapper M = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, "UTF-8");
        for (String line; (line = in.readLine()) != null; ) {
            ObjectNode given = (ObjectNode) M.readTree(line);
            try {
                answer(given);
            } catch (Throwable e) {
                ObjectNode error = given.putObject("error");
                error.put("phase", given.get("direction").asText());
                error.put("class", e.getClass().getSimpleName());
                error.put("message", String.valueOf(e.getMessage()));
            }
            out.println(M.writeValueAsString(given));
        }
        out.flush();
    }

    static void answer(ObjectNode given) throws Exception {
        Object made = Class.forName(given.get("class").asText()).getDeclaredConstructor().newInstance();
        Map<String, String> config = new HashMap<>();
        given.get("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
        boolean isWritten = given.get("direction").asText().equals("from_connect");
        Schema schema = isWritten ? schema(given.get("schema")) : null;
        Object value = isWritten ? value(given.get("value"), schema) : null;
        if (made instanceof Converter converter) {
            converter.configure(config, false);
            if (isWritten) bytes(given, converter.fromConnectData("topic", schema, value));
            else result(given, converter.toConnectData("topic", raw(given)));
        } else {
            HeaderConverter converter = (HeaderConverter) made;
            converter.configure(config);
            if (isWritten) bytes(given, converter.fromConnectHeader("topic", "h", schema, value));
            else result(given, converter.toConnectHeader("topic", "h", raw(given)));
        }
    }

    static byte[] raw(JsonNode c) { JsonNode b = c.get("bytes"); return b == null || b.isNull() ? null : Base64.getDecoder().decode(b.asText()); }
    static void bytes(ObjectNode c, byte[] b) { if (b == null) c.putNull("bytes"); else c.put("bytes", Base64.getEncoder().encodeToString(b)); }
    static void result(ObjectNode c, SchemaAndValue v) { c.set("schema", schemaJson(v.schema())); c.set("value", valueJson(v.value())); }

    static Schema schema(JsonNode n) {
        if (n == null || n.isNull()) return null;
        String t = n.get("type").asText();
        SchemaBuilder b = switch (t) {
            case "array" -> SchemaBuilder.array(schema(n.get("items")));
            case "map" -> SchemaBuilder.map(schema(n.get("keys")), schema(n.get("values")));
            case "struct" -> SchemaBuilder.struct();
            default -> SchemaBuilder.type(Schema.Type.valueOf(t.toUpperCase()));
        };
        if (t.equals("struct")) for (JsonNode f : n.get("fields")) b.field(f.get("field").asText(), schema(f.get("schema")));
        if (n.has("optional") && n.get("optional").asBoolean()) b.optional();
        if (n.has("name")) b.name(n.get("name").asText());
        if (n.has("version")) b.version(n.get("version").asInt());
        if (n.has("doc")) b.doc(n.get("doc").asText());
        if (n.has("parameters")) n.get("parameters").properties().forEach(e -> b.parameter(e.getKey(), e.getValue().asText()));
        if (n.has("default")) b.defaultValue(value(n.get("default"), b.build()));
        return b.build();
    }
    static Object value(JsonNode n, Schema s) {
        if (n == null || n.isNull()) return null;
        JsonNode v = n.get("v"); String x = v.asText();
        switch (n.get("t").asText()) {
            case "int8": return Byte.valueOf(x); case "int16": return Short.valueOf(x); case "int32": return Integer.valueOf(x); case "int64": return Long.valueOf(x);
            case "float32": return Float.valueOf(x); case "float64": return Double.valueOf(x); case "boolean": return Boolean.valueOf(x); case "string": return x;
            case "bytes": return Base64.getDecoder().decode(x); case "decimal": return new BigDecimal(x); case "date": return new java.util.Date(Long.parseLong(x));
            case "array": { List<Object> l = new ArrayList<>(); for (JsonNode i : v) l.add(value(i, s == null || s.type() != Schema.Type.ARRAY ? null : s.valueSchema())); return l; }
            case "map": { Map<Object, Object> m = new LinkedHashMap<>(); for (JsonNode e : v) m.put(value(e.get(0), s == null ? null : s.keySchema()), value(e.get(1), s == null ? null : s.valueSchema())); return m; }
            case "struct": { Struct st = new Struct(s); v.properties().forEach(e -> { if (!e.getValue().isNull()) st.put(e.getKey(), value(e.getValue(), s.field(e.getKey()).schema())); }); return st; }
            default: throw new IllegalArgumentException(n.toString());
        }
    }
    static JsonNode schemaJson(Schema s) {
        if (s == null) return NullNode.instance;
        ObjectNode n = M.createObjectNode();
        n.put("type", s.type().name().toLowerCase()); n.put("optional", s.isOptional());
        if (s.name() != null) n.put("name", s.name()); if (s.version() != null) n.put("version", s.version()); if (s.doc() != null) n.put("doc", s.doc());
        if (s.parameters() != null) { ObjectNode p = n.putObject("parameters"); s.parameters().forEach(p::put); }
        if (s.defaultValue() != null) n.set("default", valueJson(s.defaultValue()));
        if (s.type() == Schema.Type.STRUCT) { ArrayNode f = n.putArray("fields"); for (Field x : s.fields()) { ObjectNode o = f.addObject(); o.put("field", x.name()); o.set("schema", schemaJson(x.schema())); } }
        if (s.type() == Schema.Type.MAP) { n.set("keys", schemaJson(s.keySchema())); n.set("values", schemaJson(s.valueSchema())); }
        if (s.type() == Schema.Type.ARRAY) n.set("items", schemaJson(s.valueSchema()));
        return n;
    }
    static JsonNode valueJson(Object o) {
        if (o == null) return NullNode.instance;
        ObjectNode n = M.createObjectNode();
        if (o instanceof Byte) n.put("t", "int8"); else if (o instanceof Short) n.put("t", "int16"); else if (o instanceof Integer) n.put("t", "int32"); else if (o instanceof Long) n.put("t", "int64");
        else if (o instanceof Float) n.put("t", "float32"); else if (o instanceof Double) n.put("t", "float64"); else if (o instanceof Boolean) n.put("t", "boolean"); else if (o instanceof String) n.put("t", "string");
        if (n.has("t")) return n.put("v", String.valueOf(o));
        if (o instanceof byte[] b) return n.put("t", "bytes").put("v", Base64.getEncoder().encodeToString(b));
        if (o instanceof java.nio.ByteBuffer b) { byte[] c = new byte[b.remaining()]; b.duplicate().get(c); return n.put("t", "bytes").put("v", Base64.getEncoder().encodeToString(c)); }
        if (o instanceof BigDecimal d) return n.put("t", "decimal").put("v", d.toPlainString());
        if (o instanceof java.util.Date d) return n.put("t", "date").put("v", String.valueOf(d.getTime()));
        if (o instanceof List<?> l) { n.put("t", "array"); ArrayNode x = n.putArray("v"); for (Object i : l) x.add(valueJson(i)); return n; }
        if (o instanceof Map<?, ?> m) { n.put("t", "map"); ArrayNode x = n.putArray("v"); m.forEach((k, v) -> x.addArray().add(valueJson(k)).add(valueJson(v))); return n; }
        if (o instanceof Struct s) { n.put("t", "struct"); ObjectNode x = n.putObject("v"); for (Field f : s.schema().fields()) x.set(f.name(), valueJson(s.getWithoutDefault(f.name()))); return n; }
        return n.put("t", "java:" + o.getClass().getName()).put("v", String.valueOf(o));
    }
}
