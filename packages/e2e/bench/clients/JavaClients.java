// The Java clients at the jobs of client-run.ts, measured like the others: CPU of this process after a warm-up.
//   java -cp "$(kafka.sh jars)/*" JavaClients.java MODE BOOTSTRAP TOPIC TARGET PARTITIONS RECORDS BYTES CODEC PAYLOADFILE WARMUP
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.*;

public class JavaClients {
  static final String BYTES_IN = ByteArraySerializer.class.getName(), BYTES_OUT = ByteArrayDeserializer.class.getName();
  static String bootstrap, topic, target;
  static int partitions, size;
  static long records, warmup;
  static byte[][] payloads;
  static double cpuAt;
  static long since;

  public static void main(String[] a) throws Exception {
    bootstrap = a[1]; topic = a[2]; target = a[3];
    partitions = Integer.parseInt(a[4]); records = Long.parseLong(a[5]); size = Integer.parseInt(a[6]); warmup = Long.parseLong(a[9]);
    payloads = Files.readAllLines(Path.of(a[8])).stream().map(String::getBytes).toArray(byte[][]::new);
    switch (a[0]) {
      case "produce" -> produce(a[7]);
      case "consume" -> consume();
      case "copy" -> copy();
      case "latency" -> latency();
      default -> throw new IllegalArgumentException(a[0]);
    }
  }

  static Map<String, Object> producerSettings(String codec) {
    return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "5", "batch.size", size > 1000 ? "1040000" : "131072", "compression.type", codec,
        "buffer.memory", "67108864", "max.request.size", "4194304", "key.serializer", BYTES_IN, "value.serializer", BYTES_IN));
  }

  static Map<String, Object> consumerSettings() {
    return new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", "java" + System.nanoTime(), "auto.offset.reset", "earliest", "enable.auto.commit", "false", "max.poll.records", "1000",
        "fetch.max.bytes", "10485760", "key.deserializer", BYTES_OUT, "value.deserializer", BYTES_OUT));
  }

  static void produce(String codec) throws Exception {
    try (var producer = new KafkaProducer<byte[], byte[]>(producerSettings(codec))) {
      AtomicLong failed = new AtomicLong();
      for (long count : new long[] {warmup, records}) {
        begin();
        for (long i = 0; i < count; i++)
          producer.send(new ProducerRecord<>(topic, (int) (i / 1000 % partitions), null, payloads[(int) (i % payloads.length)]), (to, error) -> { if (error != null) failed.incrementAndGet(); });
        producer.flush();
      }
      if (failed.get() > 0) throw new Exception(failed + " failed");
      end(records, "");
    }
  }

  static void consume() {
    try (var consumer = new KafkaConsumer<byte[], byte[]>(consumerSettings())) {
      consumer.subscribe(List.of(topic));
      long seen = 0, measured = 0, bytes = 0;
      while (measured < records) {
        for (var record : consumer.poll(Duration.ofMillis(500))) {
          if (seen++ < warmup) continue;
          if (measured++ == 0) begin();
          bytes += record.value().length;
        }
      }
      if (bytes != measured * size) throw new IllegalStateException(bytes + " bytes");
      end(measured, "");
    }
  }

  /** Exactly once: a transaction with its offsets for every thousand records. */
  static void copy() {
    var settings = producerSettings("none");
    settings.put("transactional.id", "java" + System.nanoTime());
    var reading = consumerSettings();
    reading.put("isolation.level", "read_committed");
    try (var consumer = new KafkaConsumer<byte[], byte[]>(reading); var producer = new KafkaProducer<byte[], byte[]>(settings)) {
      producer.initTransactions();
      consumer.subscribe(List.of(topic));
      long copied = 0, before = -1;
      while (before < 0 || copied - before < records) {
        if (before < 0 && copied >= warmup) { before = copied; begin(); }
        var polled = consumer.poll(Duration.ofMillis(500));
        if (polled.isEmpty()) continue;
        producer.beginTransaction();
        var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
        for (var record : polled) {
          producer.send(new ProducerRecord<>(target, record.partition(), record.timestamp(), record.key(), record.value()));
          offsets.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
        copied += polled.count();
      }
      end(copied - before, "");
    }
  }

  /** A thousand records a second, one process produces and consumes. */
  static void latency() throws Exception {
    var settings = producerSettings("none");
    settings.put("linger.ms", "0");
    var partition = new TopicPartition(topic, 0);
    long[] latencies = new long[(int) records];
    AtomicInteger received = new AtomicInteger();
    try (var producer = new KafkaProducer<byte[], byte[]>(settings); var consumer = new KafkaConsumer<byte[], byte[]>(consumerSettings())) {
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      consumer.position(partition);
      Thread reader = new Thread(() -> {
        while (received.get() < records)
          for (var record : consumer.poll(Duration.ofMillis(100))) latencies[received.getAndIncrement()] = System.nanoTime() - ByteBuffer.wrap(record.value()).getLong();
      });
      reader.start();
      begin();
      long next = System.nanoTime();
      for (long i = 0; i < records; i++) {
        for (long wait = next - System.nanoTime(); wait > 0; wait = next - System.nanoTime()) LockSupport.parkNanos(wait);
        next += 1_000_000;
        var value = ByteBuffer.allocate(size);
        value.putLong(System.nanoTime());
        producer.send(new ProducerRecord<>(topic, 0, null, value.array()));
      }
      reader.join();
    }
    long[] sorted = Arrays.copyOfRange(latencies, (int) records / 4, (int) records);
    Arrays.sort(sorted);
    end(records, String.format(Locale.ROOT, ",\"p50ms\":%.3f,\"p99ms\":%.3f", sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6));
  }

  static double cpu() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
  }

  static void begin() {
    cpuAt = cpu();
    since = System.nanoTime();
  }

  static void end(long count, String more) {
    double seconds = (System.nanoTime() - since) / 1e9;
    System.out.printf(Locale.ROOT, "{\"cpuUsPerMsg\":%.4f,\"msgsPerSec\":%.0f,\"rssMb\":0%s}%n", (cpu() - cpuAt) * 1e6 / count, count / seconds, more);
  }
}
