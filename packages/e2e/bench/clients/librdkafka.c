/* librdkafka without a binding, at the jobs of client-run.ts: MODE BOOTSTRAP TOPIC PARTITIONS RECORDS BYTES CODEC PAYLOADFILE
   gcc -O2 librdkafka.c -lrdkafka -o librdkafka; CPU is that of the whole process, all threads. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define PAYLOADS 997
#define BATCH 1000

static long delivered, failed;

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque) {
  (void)rk, (void)opaque;
  if (message->err) failed++;
  else delivered++;
}

static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK) return;
  fprintf(stderr, "%s\n", error);
  exit(1);
}

static rd_kafka_t *client(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
  char error[512];
  rd_kafka_t *rk = rd_kafka_new(type, conf, error, sizeof error);
  if (rk) return rk;
  fprintf(stderr, "%s\n", error);
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 9) return 2;
  const char *topic = argv[3];
  int partitions = atoi(argv[4]);
  long records = atol(argv[5]), count = 0;
  char *payload[PAYLOADS];
  size_t length[PAYLOADS];
  int payloads = 0;
  FILE *file = fopen(argv[8], "r");
  char *line = NULL;
  size_t capacity = 0;
  ssize_t read;
  while (file && payloads < PAYLOADS && (read = getline(&line, &capacity, file)) > 0) {
    payload[payloads] = malloc(read);
    memcpy(payload[payloads], line, read);
    length[payloads++] = read - 1;
  }
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", argv[2]);
  double cpu_at = 0, since = 0;
  if (!strcmp(argv[1], "produce")) {
    set(conf, "linger.ms", "5");
    set(conf, "batch.num.messages", "1000");
    set(conf, "batch.size", "2000000");
    set(conf, "message.max.bytes", "2000000");
    set(conf, "queue.buffering.max.messages", "200000");
    set(conf, "compression.codec", argv[7]);
    set(conf, "enable.idempotence", "true");
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *rk = client(RD_KAFKA_PRODUCER, conf);
    rd_kafka_topic_t *to = rd_kafka_topic_new(rk, topic, NULL);
    cpu_at = cpu();
    since = now();
    for (long i = 0; i < records;) {
      if (rd_kafka_produce(to, i / BATCH % partitions, RD_KAFKA_MSG_F_COPY, payload[i % payloads], length[i % payloads], NULL, 0, NULL)) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) return 4;
        rd_kafka_poll(rk, 1);
      } else if (!(++i & 1023)) rd_kafka_poll(rk, 0);
    }
    rd_kafka_flush(rk, 60000);
    count = delivered;
  } else {
    char group[64];
    snprintf(group, sizeof group, "c%ld", (long)time(NULL) * 1000 + getpid());
    set(conf, "group.id", group);
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    set(conf, "queued.max.messages.kbytes", "16384");
    rd_kafka_t *rk = client(RD_KAFKA_CONSUMER, conf);
    rd_kafka_poll_set_consumer(rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, -1);
    rd_kafka_subscribe(rk, topics);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(rk);
    static rd_kafka_message_t *messages[BATCH];
    long seen = 0, bytes = 0;
    while (count < records) {
      ssize_t got = rd_kafka_consume_batch_queue(queue, 500, messages, BATCH);
      int is_warm = seen >= records / 4;
      if (got > 0 && is_warm && count == 0) {
        cpu_at = cpu();
        since = now();
      }
      for (ssize_t i = 0; i < got; i++) {
        if (!messages[i]->err && is_warm) {
          bytes += messages[i]->len;
          count++;
        }
        seen++;
        rd_kafka_message_destroy(messages[i]);
      }
    }
    if (bytes != count * atol(argv[6])) return 3;
  }
  double seconds = now() - since, used = cpu() - cpu_at;
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"cpuUsPerMsg\":%.4f,\"msgsPerSec\":%.0f,\"rssMb\":%ld}\n", used * 1e6 / count, count / seconds, u.ru_maxrss / 1024);
  fflush(stdout);
  _exit(failed ? 1 : 0);
}
