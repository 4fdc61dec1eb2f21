"""confluent-kafka doing what its users do: `scenarios.py HOST:PORT NAME`. Each function is a scenario, whole by itself; a
failed assertion or a KafkaException ends the process with a message. Neighbours: suite.ts (starts it)."""

import sys
import time
import uuid

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    OFFSET_BEGINNING,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

ADDRESS = sys.argv[1]
WITHIN_S = 10


def unique(stem):
    return f"confluent-{stem}-{uuid.uuid4().hex[:10]}"


# One for the whole process: its requests end with it.
ADMIN = AdminClient({"bootstrap.servers": ADDRESS})


def admin():
    return ADMIN


def done(futures):
    return {key: future.result(WITHIN_S) for key, future in futures.items()}


def create(topic, partitions=1):
    done(admin().create_topics([NewTopic(topic, partitions, 1)]))
    eventually(lambda: len(admin().list_topics(topic, WITHIN_S).topics[topic].partitions) == partitions)
    return topic


def eventually(holds):
    deadline = time.time() + WITHIN_S
    while not holds():
        assert time.time() < deadline, "not true in time"
        time.sleep(0.05)


def produce(topic, values, config=None, **more):
    reports = []
    producer = Producer({"bootstrap.servers": ADDRESS, "linger.ms": 5, **(config or {})})
    for value in values:
        producer.produce(topic, value=value, partition=0, on_delivery=lambda e, m: reports.append((e, m)), **more)
    assert producer.flush(WITHIN_S) == 0
    failed = [error for error, _ in reports if error is not None]
    assert not failed, failed
    return [message.offset() for _, message in reports]


def consumer(group=None, **config):
    return Consumer(
        {
            "bootstrap.servers": ADDRESS,
            "group.id": group or unique("group"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 200,
            **config,
        }
    )


def read(reader, wanted):
    messages = []
    deadline = time.time() + WITHIN_S
    while len(messages) < wanted:
        assert time.time() < deadline, f"wanted {wanted}, got {len(messages)}"
        for message in reader.consume(wanted - len(messages), 0.2):
            assert message.error() is None, message.error()
            messages.append(message)
    return messages


def read_from(topic, offset, wanted):
    reader = consumer()
    reader.assign([TopicPartition(topic, 0, offset)])
    messages = read(reader, wanted)
    reader.close()
    return messages


def topics():
    topic = create(unique("topics"), 3)
    assert topic in admin().list_topics(timeout=WITHIN_S).topics
    try:
        done(admin().create_topics([NewTopic(topic, 3, 1)]))
        raise AssertionError("made twice")
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS
    done(admin().delete_topics([topic]))
    eventually(lambda: topic not in admin().list_topics(timeout=WITHIN_S).topics)


def partitions():
    topic = create(unique("partitions"))
    done(admin().create_partitions([NewPartitions(topic, 4)]))
    eventually(lambda: len(admin().list_topics(topic, WITHIN_S).topics[topic].partitions) == 4)


def configs():
    topic = create(unique("configs"))
    resource = ConfigResource(ResourceType.TOPIC, topic)
    value = lambda: list(done(admin().describe_configs([resource])).values())[0]["retention.ms"].value
    assert value() == "604800000"
    entry = ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    done(admin().incremental_alter_configs([changed]))
    eventually(lambda: value() == "60000")


def acks():
    topic = create(unique("acks"))
    for level in ["all", "1", "0"]:
        produce(topic, [f"acks {level}"], {"acks": level})
    assert [m.value().decode() for m in read_from(topic, 0, 3)] == ["acks all", "acks 1", "acks 0"]


def codecs():
    topic = create(unique("codecs"))
    expected = []
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
        values = [f"{codec} {i}" for i in range(100)]
        produce(topic, values, {"compression.type": codec})
        expected += values
    assert [m.value().decode() for m in read_from(topic, 0, 500)] == expected


def contents():
    topic = create(unique("contents"))
    stamp = int(time.time() * 1000) - 5000
    produce(topic, ["wörth"], key="clé", headers=[("a", b"1"), ("a", None)], timestamp=stamp)
    produce(topic, [None], key="tombstone")
    first, second = read_from(topic, 0, 2)
    assert (first.key().decode(), first.value().decode()) == ("clé", "wörth")
    assert first.headers() == [("a", b"1"), ("a", None)]
    assert first.timestamp()[1] == stamp
    assert (second.key(), second.value()) == (b"tombstone", None)


def idempotence():
    topic = create(unique("idempotent"))
    values = [str(i) for i in range(2000)]
    offsets = produce(topic, values, {"enable.idempotence": True, "batch.num.messages": 20})
    assert offsets == list(range(2000))
    assert [m.value().decode() for m in read_from(topic, 0, 2000)] == values


def from_offset():
    topic = create(unique("offset"))
    produce(topic, [str(i) for i in range(20)])
    assert [m.offset() for m in read_from(topic, 15, 5)] == [15, 16, 17, 18, 19]


def by_time():
    topic = create(unique("time"))
    start = int(time.time() * 1000) - 60_000
    for i in range(5):
        produce(topic, [str(i)], timestamp=start + i * 1000)
    partition = TopicPartition(topic, 0)
    at = lambda spec: list(done(admin().list_offsets({partition: spec})).values())[0].offset
    assert at(OffsetSpec.for_timestamp(start + 1500)) == 2
    assert at(OffsetSpec.for_timestamp(start + 4001)) == -1
    assert at(OffsetSpec.earliest()) == 0
    assert at(OffsetSpec.latest()) == 5
    assert at(OffsetSpec.max_timestamp()) == 4
    reader = consumer()
    assert reader.offsets_for_times([TopicPartition(topic, 0, start + 2500)], WITHIN_S)[0].offset == 3
    reader.close()


def rebalance():
    topic = create(unique("rebalance"), 4)
    group = unique("members")
    for strategy in ["range", "cooperative-sticky"]:
        members = [consumer(f"{group}-{strategy}", **{"partition.assignment.strategy": strategy}) for _ in range(2)]
        for member in members:
            member.subscribe([topic])

        def owned(live):
            for member in live:
                member.poll(0.1)
            return sorted(len(member.assignment()) for member in live)

        eventually(lambda: owned(members) == [2, 2])
        members[0].close()
        eventually(lambda: owned(members[1:]) == [4])
        members[1].close()


def commits():
    topic = create(unique("commits"))
    group = unique("commits")
    produce(topic, [str(i) for i in range(10)])
    first = consumer(group)
    first.subscribe([topic])
    assert read(first, 10)[0].offset() == 0
    first.commit(offsets=[TopicPartition(topic, 0, 4, "noted")], asynchronous=False)
    committed = first.committed([TopicPartition(topic, 0)], WITHIN_S)[0]
    assert (committed.offset, committed.metadata) == (4, "noted")
    first.close()
    second = consumer(group)
    second.subscribe([topic])
    assert read(second, 6)[0].offset() == 4
    second.close()
    wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 8)])
    done(admin().alter_consumer_group_offsets([wanted]))
    listed = done(admin().list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))
    assert listed[group].topic_partitions[0].offset == 8


def delete_records():
    topic = create(unique("delete"))
    produce(topic, [str(i) for i in range(10)])
    deleted = done(admin().delete_records([TopicPartition(topic, 0, 6)]))
    assert list(deleted.values())[0].low_watermark == 6
    assert read_from(topic, OFFSET_BEGINNING, 4)[0].offset() == 6


def groups():
    topic = create(unique("groups"))
    group = unique("groups")
    produce(topic, ["x"])
    member = consumer(group)
    member.subscribe([topic])
    member.commit(message=read(member, 1)[0], asynchronous=False)
    listed = admin().list_consumer_groups(request_timeout=WITHIN_S).result(WITHIN_S)
    assert group in [one.group_id for one in listed.valid]
    described = done(admin().describe_consumer_groups([group]))[group]
    assert (described.state.name, len(described.members)) == ("STABLE", 1)
    try:
        done(admin().delete_consumer_groups([group]))
        raise AssertionError("deleted with a member")
    except KafkaException as error:
        assert error.args[0].code() == KafkaError.NON_EMPTY_GROUP
    member.close()
    done(admin().delete_consumer_groups([group]))
    listed = admin().list_consumer_groups(request_timeout=WITHIN_S).result(WITHIN_S)
    assert group not in [one.group_id for one in listed.valid]


def errors():
    def refused(topic, code):
        try:
            done(admin().create_topics([topic]))
        except KafkaException as error:
            assert error.args[0].code() == code, error
            return
        raise AssertionError("it was made")

    refused(NewTopic("no spaces allowed", 1, 1), KafkaError.TOPIC_EXCEPTION)
    refused(NewTopic(unique("errors"), 1, 3), KafkaError.INVALID_REPLICATION_FACTOR)
    topic = create(unique("errors"))
    try:
        produce(topic, [b"x" * 2_000_000], {"message.max.bytes": 4_000_000})
        raise AssertionError("too large, and taken")
    except AssertionError as error:
        assert "MSG_SIZE_TOO_LARGE" in str(error), error


globals()[sys.argv[2]]()
