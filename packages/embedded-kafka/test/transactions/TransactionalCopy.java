import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Copies a topic exactly once, aborting every third transaction, then thaws a zombie: SERVERS COUNT FROM TO GROUP_PROTOCOL.
 * Prints what a reader of committed records sees.
 */
public class TransactionalCopy {
    private static Map<String, Object> producerConfig(String servers) {
        return new HashMap<>(Map.of("bootstrap.servers", servers,
            "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class));
    }

    private static Map<String, Object> consumerConfig(String servers, String group, String protocol) {
        return new HashMap<>(Map.of("bootstrap.servers", servers, "group.id", group, "group.protocol", protocol,
            "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class,
            "enable.auto.commit", false, "isolation.level", "read_committed", "auto.offset.reset", "earliest",
            "max.poll.records", 100));
    }

    public static void main(String[] args) {
        String servers = args[0];
        int count = Integer.parseInt(args[1]);
        String from = args[2];
        String to = args[3];
        try (var producer = new KafkaProducer<String, String>(producerConfig(servers))) {
            for (int i = 0; i < count; i++) producer.send(new ProducerRecord<>(from, i % 3, "k" + i, "v" + i));
        }
        copy(servers, count, from, to, args[4]);
        read(servers, count, to);
    }

    private static void copy(String servers, int count, String from, String to, String protocol) {
        Map<String, Object> transactional = producerConfig(servers);
        transactional.put("transactional.id", "copier-" + to);
        try (var consumer = new KafkaConsumer<String, String>(consumerConfig(servers, "copier-" + to, protocol));
             var producer = new KafkaProducer<String, String>(transactional)) {
            producer.initTransactions();
            consumer.subscribe(List.of(from));
            int copied = 0;
            for (int round = 0; copied < count; round++) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(500));
                if (records.isEmpty()) continue;
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                records.forEach(r -> {
                    producer.send(new ProducerRecord<>(to, r.partition(), r.key(), r.value()));
                    offsets.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
                });
                if (round % 3 == 1) {
                    producer.flush();
                    producer.abortTransaction();
                    var committed = consumer.committed(consumer.assignment());
                    committed.forEach((partition, offset) ->
                        consumer.seek(partition, offset == null ? 0 : offset.offset()));
                } else {
                    producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                    producer.commitTransaction();
                    copied += records.count();
                }
            }
            System.out.println("copied " + copied);
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(to, 0, "zombie", ""));
            producer.flush();
            try (var successor = new KafkaProducer<String, String>(transactional)) {
                successor.initTransactions();
                try {
                    producer.commitTransaction();
                    System.out.println("the zombie committed");
                } catch (KafkaException e) {
                    System.out.println("the zombie is told " + e.getClass().getSimpleName());
                }
                successor.beginTransaction();
                successor.send(new ProducerRecord<>(to, 0, "successor", ""));
                successor.commitTransaction();
            }
        }
    }

    private static void read(String servers, int count, String topic) {
        Map<String, Integer> seen = new HashMap<>();
        try (var consumer = new KafkaConsumer<String, String>(consumerConfig(servers, "reader-" + topic, "classic"))) {
            consumer.subscribe(List.of(topic));
            long until = System.currentTimeMillis() + 30_000;
            while (seen.size() < count + 1 && System.currentTimeMillis() < until) {
                consumer.poll(Duration.ofMillis(300)).forEach(r -> seen.merge(r.key(), 1, Integer::sum));
            }
            consumer.poll(Duration.ofMillis(300)).forEach(r -> seen.merge(r.key(), 1, Integer::sum));
        }
        long twice = seen.values().stream().filter(n -> n > 1).count();
        System.out.println("seen " + seen.size() + ", twice " + twice + ", zombie " + seen.containsKey("zombie")
            + ", successor " + seen.containsKey("successor"));
    }
}
