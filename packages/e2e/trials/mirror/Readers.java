import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

/**
 * Readers that share no code with the mirror. `BOOTSTRAP TOPICS ALIAS GROUP...`: each group reads the topics from where it stands to their
 * ends, only what is committed; `-` reads them from their beginnings. A line for each record; and for each group where the checkpoints of
 * ALIAS say that it goes on, by Java's own client.
 */
class Readers {
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        List<String> topics = List.of(args[1].split(","));
        List<Future<StringBuilder>> all = new ArrayList<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        for (String group : Arrays.asList(args).subList(3, args.length)) {
            all.add(threads.submit(() -> {
                StringBuilder out = new StringBuilder();
                if (!group.equals("-")) checkpoints(args[0], args[2], group, out);
                read(args[0], topics, group, out);
                return out;
            }));
        }
        for (Future<StringBuilder> one : all) System.out.print(one.get());
        threads.shutdown();
    }

    static void read(String bootstrap, List<String> topics, String group, StringBuilder out) {
        Map<String, Object> settings = new HashMap<>(Map.of(
            "bootstrap.servers", bootstrap, "isolation.level", "read_committed", "auto.offset.reset", "earliest",
            "enable.auto.commit", "false", "key.deserializer", ByteArrayDeserializer.class, "value.deserializer", ByteArrayDeserializer.class));
        if (!group.equals("-")) settings.put("group.id", group);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
            List<TopicPartition> all = new ArrayList<>();
            for (String topic : topics) consumer.partitionsFor(topic).forEach(p -> all.add(new TopicPartition(topic, p.partition())));
            if (group.equals("-")) { consumer.assign(all); consumer.seekToBeginning(all); }
            else consumer.subscribe(topics);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            do {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) out.append(text(group, record));
            } while (consumer.assignment().size() < all.size() || all.stream().anyMatch(p -> consumer.position(p) < ends.get(p)));
        }
    }

    static String text(String group, ConsumerRecord<byte[], byte[]> r) {
        StringBuilder headers = new StringBuilder();
        for (Header h : r.headers()) headers.append(' ').append(h.key()).append('=').append(hex(h.value()));
        String bytes = hex(r.key()) + ' ' + hex(r.value()) + ' ' + r.timestamp() + headers;
        return String.join("\t", "record", group, r.topic(), "" + r.partition(), "" + r.offset(), new String(r.value()), bytes) + '\n';
    }

    static void checkpoints(String bootstrap, String alias, String group, StringBuilder out) throws Exception {
        RemoteClusterUtils.translateOffsets(Map.of("bootstrap.servers", bootstrap), alias, group, Duration.ofSeconds(20))
            .forEach((p, at) -> out.append(String.join("\t", "checkpoint", group, p.topic(), "" + p.partition(), "" + at.offset())).append('\n'));
    }

    static String hex(byte[] bytes) { return bytes == null ? "null" : HEX.formatHex(bytes); }
}
