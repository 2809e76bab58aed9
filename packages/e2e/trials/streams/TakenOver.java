import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.CloseOptions;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.KeyValueStore;

/** Kafka Streams' side of the application that is taken over and given back: see taken-over.ts. TakenOver BOOTSTRAP APPLICATION STATE_DIR */
public class TakenOver {
  public static void main(String[] args) {
    String application = args[1];
    Properties settings = new Properties();
    settings.put("application.id", application);
    settings.put("bootstrap.servers", args[0]);
    settings.put("state.dir", Path.of(args[2]).toAbsolutePath().toString());
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("commit.interval.ms", "100");
    settings.put("statestore.cache.max.bytes", "0");
    settings.put("consumer.session.timeout.ms", "6000");
    settings.put("consumer.heartbeat.interval.ms", "500");
    settings.put("producer.transaction.timeout.ms", "6000");
    settings.put("producer.linger.ms", "5");
    KafkaStreams streams = new KafkaStreams(topology(application).build(), settings);
    streams.setStateListener((now, before) -> System.out.println("state " + now));
    CloseOptions leaving = CloseOptions.timeout(Duration.ofSeconds(30))
        .withGroupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(leaving)));
    streams.start();
  }

  static StreamsBuilder topology(String application) {
    Serde<String> text = Serdes.String();
    Produced<String, String> asText = Produced.with(text, text);
    StreamsBuilder builder = new StreamsBuilder();
    KStream<String, Long> numbers = builder.stream(application + "-numbers", Consumed.with(text, Serdes.Long()));
    numbers.groupByKey(Grouped.with(text, Serdes.Long()))
        .count(Materialized.as("counts"))
        .toStream().mapValues(String::valueOf)
        .to(application + "-count", asText);
    numbers.selectKey((key, number) -> "digit " + number % 10)
        .groupByKey(Grouped.with("by-digit", text, Serdes.Long()))
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofSeconds(10), Duration.ofHours(1)))
        .count(Materialized.as("digits"))
        .toStream((windowed, count) -> windowed.key() + "@" + windowed.window().start())
        .mapValues(String::valueOf)
        .to(application + "-windowed", asText);
    KTable<String, String> left = builder.table(application + "-left", Consumed.with(text, text), Materialized.as("left"));
    KTable<String, String> right = builder.table(application + "-right", Consumed.with(text, text), Materialized.as("right"));
    left.join(right, (one, other) -> one + " " + other,
            Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("pairs").withKeySerde(text).withValueSerde(text))
        .toStream()
        .to(application + "-joined", asText);
    return builder;
  }
}
