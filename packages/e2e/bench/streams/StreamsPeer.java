import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;

/**
 * The topologies of topologies.ts in Kafka Streams: StreamsPeer BOOTSTRAP TOPOLOGY GUARANTEE ID STATE_DIR RECORDS. Processes as many records
 * and prints what that cost: until it runs, from then on to its end, and twice the second half, when the JIT compiler is done.
 */
public class StreamsPeer {
  public static class Order { public String id, customer, product; public double amount; public String currency; public long ts; public String status; public int items; }
  public static class Customer { public String id, name, country; public int level; }
  public static class Payment { public String id, order, method; public double amount; public long ts; }
  public static class Enriched { public String id, customer; public double amount; public String name, country; public int level; }
  public static class Paid { public String id, customer; public double amount; public long ts; public String method; public double paid; public long paidAt; }

  static final ObjectMapper JSON = new ObjectMapper();
  static final Serde<String> TEXT = Serdes.String();
  static final AtomicLong seen = new AtomicLong();

  public static void main(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[0]);
    settings.put("application.id", args[3]);
    settings.put("state.dir", args[4]);
    settings.put("auto.offset.reset", "earliest");
    settings.put("processing.guarantee", args[2]);
    settings.put("statestore.cache.max.bytes", "0");
    long records = Long.parseLong(args[5]);
    KafkaStreams streams = new KafkaStreams(topology(args[1], args[3] + "-out"), settings);
    CountDownLatch running = new CountDownLatch(1);
    streams.setStateListener((now, before) -> { if (now == KafkaStreams.State.RUNNING) running.countDown(); });
    long startedAt = ProcessHandle.current().info().startInstant().orElseThrow().toEpochMilli();
    streams.start();
    running.await();
    double atRunning = cpu(), atHalf = 0;
    long startMs = System.currentTimeMillis() - startedAt;
    while (seen.get() < records) {
      Thread.sleep(5);
      if (atHalf == 0 && seen.get() >= records / 2) atHalf = cpu();
    }
    double atEnd = cpu();
    streams.close(Duration.ofSeconds(60));
    System.out.printf(Locale.ROOT, "{\"startCpuSeconds\":%.2f,\"startMs\":%d,\"workCpuSeconds\":%.2f,\"warmCpuSeconds\":%.2f,\"memoryMiB\":%d}%n",
        atRunning, startMs, cpu() - atRunning, 2 * (atEnd - atHalf), memoryMiB());
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  static Topology topology(String name, String out) {
    StreamsBuilder builder = new StreamsBuilder();
    Serde<Order> orders = json(Order.class, true), written = json(Order.class, false);
    Consumed<String, Order> consumed = Consumed.with(TEXT, orders);
    Produced<String, Long> counts = Produced.with(TEXT, Serdes.Long());
    switch (name) {
      case "stateless":
        builder.stream("orders", consumed).filter((key, order) -> order.amount > 20)
            .mapValues(order -> { order.amount = Math.round(order.amount * 120) / 100.0; order.status = "checked"; return order; })
            .to(out, Produced.with(TEXT, written));
        break;
      case "count":
      case "count-memory":
        builder.stream("orders", consumed).groupByKey(Grouped.with(TEXT, written))
            .count(name.equals("count") ? Materialized.as("counts") : Materialized.as(Stores.inMemoryKeyValueStore("counts")))
            .toStream().to(out, counts);
        break;
      case "sum":
        builder.stream("orders", consumed).groupByKey(Grouped.with(TEXT, written))
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMinutes(1), Duration.ofSeconds(30)))
            .aggregate(() -> 0.0, (key, order, sum) -> sum + order.amount,
                Materialized.<String, Double, WindowStore<Bytes, byte[]>>as("sums").withKeySerde(TEXT).withValueSerde(Serdes.Double()))
            .suppress(Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded()))
            .toStream((windowed, sum) -> windowed.key() + "@" + windowed.window().start())
            .to(out, Produced.with(TEXT, Serdes.Double()));
        break;
      case "stream-table": {
        Serde<Customer> customers = json(Customer.class, false);
        KTable<String, Customer> table = builder.table("customers", Consumed.with(TEXT, customers), Materialized.as("customers-store"));
        builder.stream("orders", consumed).join(table, (order, customer) -> {
          Enriched one = new Enriched();
          one.id = order.id; one.customer = order.customer; one.amount = order.amount;
          one.name = customer.name; one.country = customer.country; one.level = customer.level;
          return one;
        }, Joined.with(TEXT, written, customers)).to(out, Produced.with(TEXT, json(Enriched.class, false)));
        break;
      }
      case "stream-stream": {
        KStream<String, Payment> payments = builder.stream("payments", Consumed.with(TEXT, json(Payment.class, true)));
        builder.stream("orders-id", consumed).join(payments, (order, payment) -> {
          Paid one = new Paid();
          one.id = order.id; one.customer = order.customer; one.amount = order.amount; one.ts = order.ts;
          one.method = payment.method; one.paid = payment.amount; one.paidAt = payment.ts;
          return one;
        }, JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(5), Duration.ofSeconds(30)), StreamJoined.with(TEXT, written, json(Payment.class, false)))
            .to(out, Produced.with(TEXT, json(Paid.class, false)));
        break;
      }
      case "repartition":
        builder.stream("orders", consumed).selectKey((key, order) -> order.product).groupByKey(Grouped.with("by-product", TEXT, orders))
            .count(Materialized.as("counts")).toStream().to(out, counts);
        break;
      default: throw new IllegalArgumentException(name);
    }
    return builder.build();
  }

  /** What is read with a counted one is input: one stream thread counts it. */
  static <T> Serde<T> json(Class<T> type, boolean isCounted) {
    ObjectReader reader = JSON.readerFor(type);
    ObjectWriter writer = JSON.writerFor(type);
    return Serdes.serdeFrom(
        (topic, value) -> { try { return value == null ? null : writer.writeValueAsBytes(value); } catch (IOException e) { throw new UncheckedIOException(e); } },
        (topic, bytes) -> {
          if (isCounted) seen.lazySet(seen.get() + 1);
          try { return bytes == null ? null : reader.readValue(bytes); } catch (IOException e) { throw new UncheckedIOException(e); }
        });
  }

  /** User and system, of all threads, in seconds. */
  static double cpu() throws IOException {
    String stat = Files.readString(Path.of("/proc/self/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
  }

  static long memoryMiB() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status")))
      if (line.startsWith("VmHWM")) return Long.parseLong(line.replaceAll("\\D", "")) / 1024;
    return -1;
  }
}
