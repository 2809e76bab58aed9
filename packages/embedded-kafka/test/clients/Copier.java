import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Copies a topic exactly once until it is ended: SERVERS FROM TO NAME. NAME is the static member and the transactional id, so that one
 * that is started anew takes the place of one that was killed. Every fifth transaction is aborted. Prints how far it is.
 */
public class Copier {
    public static void main(String[] args) {
        String servers = args[0];
        String from = args[1];
        String to = args[2];
        Map<String, Object> reading = new HashMap<>(Map.of("bootstrap.servers", servers, "group.id", "copiers",
            "group.instance.id", args[3], "enable.auto.commit", false, "isolation.level", "read_committed",
            "auto.offset.reset", "earliest", "max.poll.records", 250,
            "key.deserializer", StringDeserializer.class, "value.deserializer", StringDeserializer.class));
        Map<String, Object> writing = Map.of("bootstrap.servers", servers, "transactional.id", args[3],
            "compression.type", "lz4", "key.serializer", StringSerializer.class, "value.serializer", StringSerializer.class);
        try (var consumer = new KafkaConsumer<String, String>(reading);
             var producer = new KafkaProducer<String, String>(writing)) {
            producer.initTransactions();
            consumer.subscribe(List.of(from));
            System.out.println("started");
            long copied = 0;
            for (long round = 0; ; ) {
                ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
                if (records.isEmpty()) continue;
                producer.beginTransaction();
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                for (ConsumerRecord<String, String> r : records) {
                    producer.send(new ProducerRecord<>(to, r.partition(), r.key(), r.value()));
                    offsets.put(new TopicPartition(r.topic(), r.partition()), new OffsetAndMetadata(r.offset() + 1));
                }
                producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
                if (++round % 5 == 0) {
                    producer.flush();
                    producer.abortTransaction();
                    consumer.committed(consumer.assignment())
                        .forEach((partition, offset) -> consumer.seek(partition, offset == null ? 0 : offset.offset()));
                } else {
                    producer.commitTransaction();
                    copied += records.count();
                    System.out.println("copied " + copied);
                }
            }
        }
    }
}
