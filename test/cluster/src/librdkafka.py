"""confluent-kafka (librdkafka) through every failure: addresses and topic as arguments; ends when its input does, then prints what it knows.

Writes numbered records idempotently and reads them in a group.
"""
import json
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer

BOOTSTRAP, TOPIC, READ_WITHIN_S = sys.argv[1], sys.argv[2], int(sys.argv[3]) / 1000
acknowledged, read = set(), set()
given_up = 0
stopping = threading.Event()


def delivered(error, message):
    global given_up
    if error is None:
        acknowledged.add(message.value())
    else:
        given_up += 1


def write():
    producer = Producer({
        "bootstrap.servers": BOOTSTRAP, "enable.idempotence": True, "acks": "all", "linger.ms": 2,
        "message.timeout.ms": 120000,
    })
    number = 0
    while not stopping.is_set():
        value = str(number).encode()
        try:
            producer.produce(TOPIC, key=value, value=value, on_delivery=delivered)
            number += 1
        except BufferError:
            pass  # Its queue is full while nothing is acknowledged: the same record again, a moment later.
        producer.poll(0)
        time.sleep(0.001)
    producer.flush(120)


consumer = Consumer({
    "bootstrap.servers": BOOTSTRAP, "group.id": "librdkafka", "auto.offset.reset": "earliest",
    "session.timeout.ms": 6000, "auto.commit.interval.ms": 500,
})
consumer.subscribe([TOPIC])
threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
writer = threading.Thread(target=write)
writer.start()
print("started", flush=True)
deadline = None
while True:
    message = consumer.poll(0.2)
    if message is not None and message.error() is None:
        read.add(message.value())
    elif message is not None and message.error().fatal():
        raise KafkaException(message.error())
    if stopping.is_set() and not writer.is_alive():
        deadline = deadline or time.monotonic() + READ_WITHIN_S
        if time.monotonic() > deadline or (message is None and acknowledged <= read):
            break
consumer.close()
numbers = {"acknowledged": acknowledged, "read": read}
print(json.dumps({**{name: [value.decode() for value in values] for name, values in numbers.items()}, "givenUp": given_up}), flush=True)
