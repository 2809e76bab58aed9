"""What confluent-kafka (librdkafka) does with a broker: confluent.py SERVERS. One JSON line per check: {"name", "found"}."""

import json
import sys
import time

import confluent_kafka
from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)

SERVERS = sys.argv[1]
TIMEOUT_S = 30
ADMIN = AdminClient({"bootstrap.servers": SERVERS})


def tell(name, found):
    print(json.dumps({"name": name, "found": found}), flush=True)


def settled(futures):
    """What each of an admin call's futures gives."""
    return {key: future.result(TIMEOUT_S) for key, future in futures.items()}


def refusal(futures):
    """The error that an admin call's only future fails with."""
    (future,) = futures.values()
    try:
        future.result(TIMEOUT_S)
    except KafkaException as error:
        return error.args[0].name()
    return None


def create(topic, partitions=1, **config):
    settled(ADMIN.create_topics([NewTopic(topic, partitions, 1, config=config)]))


def consumer(group, **settings):
    return Consumer(
        {
            "bootstrap.servers": SERVERS,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            **settings,
        }
    )


def read(reader, count):
    """So many records, and whatever else arrives within half a second."""
    found = []
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        message = reader.poll(0.5)
        if message is None:
            if len(found) >= count:
                break
        elif message.error():
            raise KafkaException(message.error())
        else:
            found.append(message)
    return found


def codecs():
    create("codecs", 2)
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        failures = []
        producer = Producer(
            {"bootstrap.servers": SERVERS, "enable.idempotence": True, "compression.type": codec, "linger.ms": 5}
        )
        for i in range(1000):
            producer.produce(
                "codecs",
                key=f"{codec} {i}",
                value=f"value {i} " * 10,
                headers={"codec": codec},
                partition=i % 2,
                on_delivery=lambda error, _: failures.append(str(error)) if error else None,
            )
        left = producer.flush(TIMEOUT_S)
        tell(f"produce {codec}", {"failures": failures, "left": left})
    reader = consumer("codecs")
    reader.subscribe(["codecs"])
    found = read(reader, 5000)
    counts = {}
    for message in found:
        codec = message.key().decode().split()[0]
        assert dict(message.headers())["codec"] == codec.encode()
        counts[codec] = counts.get(codec, 0) + 1
    tell("consume", counts)
    reader.commit(asynchronous=False)
    tell("committed", sum(p.offset for p in reader.committed([TopicPartition("codecs", p) for p in (0, 1)])))
    tell("watermarks", list(reader.get_watermark_offsets(TopicPartition("codecs", 0), timeout=TIMEOUT_S)))
    (at,) = reader.offsets_for_times([TopicPartition("codecs", 0, 0)], timeout=TIMEOUT_S)
    tell("offset of the first time", at.offset)
    reader.close()


def group(protocol):
    topic = f"group-{protocol}"
    create(topic, 4)
    settings = {"group.protocol": protocol}
    if protocol == "classic":
        settings.update({"partition.assignment.strategy": "cooperative-sticky", "heartbeat.interval.ms": 200})
    members = [consumer(topic, **settings) for _ in range(2)]
    for member in members:
        member.subscribe([topic])
    held = lambda: sorted(p.partition for member in members for p in member.assignment())
    read_ = []

    def poll_until(what, holds):
        deadline = time.monotonic() + TIMEOUT_S
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic}: {what}; {[m.assignment() for m in members]}, {len(read_)} read")
            for member in members:
                message = member.poll(0.05)
                if message is not None:
                    if message.error():
                        raise KafkaException(message.error())
                    read_.append(message.value())

    poll_until("they share", lambda: [len(m.assignment()) for m in members] == [2, 2])
    tell(f"{protocol}: shared", held())
    described = settled(ADMIN.describe_consumer_groups([topic]))[topic]
    tell(
        f"{protocol}: described",
        {
            "stable": described.state == ConsumerGroupState.STABLE,
            "type": described.type.name,
            "members": len(described.members),
            "partitions": sorted(p.partition for m in described.members for p in m.assignment.topic_partitions),
        },
    )
    producer = Producer({"bootstrap.servers": SERVERS})
    for i in range(400):
        producer.produce(topic, value=str(i), partition=i % 4)
    producer.flush(TIMEOUT_S)
    poll_until("everything is read", lambda: len(read_) >= 400)
    tell(f"{protocol}: read", sorted(int(value) for value in read_) == list(range(400)))
    for member in members:
        member.commit(asynchronous=False)
    members.pop().close()
    poll_until("the one takes over", lambda: len(members[0].assignment()) == 4)
    tell(f"{protocol}: taken over", held())
    members.pop().close()
    (offsets,) = settled(ADMIN.list_consumer_group_offsets([ConsumerGroupTopicPartitions(topic)])).values()
    tell(f"{protocol}: offsets", sum(p.offset for p in offsets.topic_partitions))
    listed = ADMIN.list_consumer_groups().result(TIMEOUT_S)
    tell(f"{protocol}: listed", [g.state.name for g in listed.valid if g.group_id == topic])
    tell(f"{protocol}: deleted", settled(ADMIN.delete_consumer_groups([topic])) == {topic: None})


def transactions():
    for topic in ("from", "to"):
        create(topic)
    filler = Producer({"bootstrap.servers": SERVERS})
    for i in range(30):
        filler.produce("from", value=str(i))
    filler.flush(TIMEOUT_S)
    copier = {"bootstrap.servers": SERVERS, "transactional.id": "copier"}
    producer = Producer(copier)
    producer.init_transactions(TIMEOUT_S)
    reader = consumer("copiers", **{"isolation.level": "read_committed"})
    reader.subscribe(["from"])
    messages = read(reader, 30)
    copied = 0
    for ends in ("commit", "abort", "abort", "commit"):
        producer.begin_transaction()
        for message in messages[copied : copied + 15]:
            producer.produce("to", value=f"{ends} {message.value().decode()}")
        producer.flush(TIMEOUT_S)
        if ends == "abort":
            producer.abort_transaction(TIMEOUT_S)
            continue
        copied += 15
        offsets = [TopicPartition("from", 0, messages[copied - 1].offset() + 1)]
        producer.send_offsets_to_transaction(offsets, reader.consumer_group_metadata(), TIMEOUT_S)
        producer.commit_transaction(TIMEOUT_S)
    producer.begin_transaction()
    producer.produce("to", value="zombie")
    producer.flush(TIMEOUT_S)
    successor = Producer(copier)
    successor.init_transactions(TIMEOUT_S)
    try:
        producer.commit_transaction(TIMEOUT_S)
        tell("zombie", "committed")
    except KafkaException as error:
        tell("zombie", {"fatal": error.args[0].fatal(), "name": error.args[0].name()})
    successor.begin_transaction()
    successor.produce("to", value="successor")
    successor.commit_transaction(TIMEOUT_S)
    committed = reader.committed([TopicPartition("from", 0)])
    reader.close()
    tell("offset in a transaction", committed[0].offset)
    for isolation, count in (("read_committed", 31), ("read_uncommitted", 62)):
        seer = consumer(isolation, **{"isolation.level": isolation})
        seer.subscribe(["to"])
        words = [message.value().decode().split()[0] for message in read(seer, count)]
        tell(isolation, {word: words.count(word) for word in sorted(set(words))})
        seer.close()


def administration():
    create("administered", 2, **{"retention.ms": "1234567"})
    again = ADMIN.create_topics([NewTopic("administered", 1, 1)])
    tell("create again", refusal(again))
    settled(ADMIN.create_partitions([NewPartitions("administered", 3)]))
    resource = ConfigResource(ConfigResource.Type.TOPIC, "administered")
    tell("config", settled(ADMIN.describe_configs([resource]))[resource]["retention.ms"].value)
    change = ConfigEntry("cleanup.policy", "compact,delete", incremental_operation=AlterConfigOpType.SET)
    altered = ConfigResource(ConfigResource.Type.TOPIC, "administered", incremental_configs=[change])
    settled(ADMIN.incremental_alter_configs([altered]))
    tell("altered", settled(ADMIN.describe_configs([resource]))[resource]["cleanup.policy"].value)
    topics = settled(ADMIN.describe_topics(TopicCollection(["administered"])))
    tell("described", len(topics["administered"].partitions))
    tell("listed", "administered" in ADMIN.list_topics(timeout=TIMEOUT_S).topics)
    cluster = ADMIN.describe_cluster().result(TIMEOUT_S)
    tell("cluster", {"id": cluster.cluster_id, "nodes": [node.id for node in cluster.nodes]})
    producer = Producer({"bootstrap.servers": SERVERS})
    for i in range(10):
        producer.produce("administered", value=str(i), key="k", partition=0)
    producer.flush(TIMEOUT_S)
    place = TopicPartition("administered", 0)
    settled(ADMIN.delete_records([TopicPartition("administered", 0, 4)]))
    for name, spec in (("earliest", OffsetSpec.earliest()), ("latest", OffsetSpec.latest())):
        tell(name, settled(ADMIN.list_offsets({place: spec}))[place].offset)
    binding = ["administered", ResourcePatternType.LITERAL, "User:someone", "*", AclOperation.READ]
    acl = AclBinding(ResourceType.TOPIC, *binding, AclPermissionType.ALLOW)
    anything = [None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY]
    some = AclBindingFilter(ResourceType.ANY, *anything)
    tell("create acl", refusal(ADMIN.create_acls([acl])))
    tell("describe acls", refusal({"all": ADMIN.describe_acls(some)}))
    tell("delete acls", refusal(ADMIN.delete_acls([some])))
    settled(ADMIN.delete_topics(["administered"]))
    tell("deleted", "administered" not in ADMIN.list_topics(timeout=TIMEOUT_S).topics)


tell("versions", [confluent_kafka.__version__, confluent_kafka.libversion()[0]])
codecs()
group("classic")
group("consumer")
transactions()
administration()
