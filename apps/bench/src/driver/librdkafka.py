"""One load through librdkafka, by its C interface: `librdkafka.py JOB` with a job as JSON (Job.ts says what is in it).

Prints `{"event":"begin"}` when the measured time begins and `{"event":"end",...}` when it is over; what is no such line is
noise. Python only sets the load up: records are handed over and taken by the thousand in one C call each, acknowledged ones are
counted by the queue's length, so that the interpreter is never the limit. Exit code 3: no librdkafka here. Neighbours: Driver.ts.
"""
import glob
import importlib.util
import json
import os
import resource
import sys
import threading
import time
from ctypes import (CDLL, POINTER, Structure, byref, c_char_p, c_int, c_int32, c_int64, c_size_t, c_void_p, cast,
                    create_string_buffer, memmove)

NO_LIBRARY = 3
PRODUCER, CONSUMER = 0, 1
PARTITION_FLAG = 0x8
DR_EVENT = 0x1
BEGINNING, END = -2, -1
POOL_BYTES = 1 << 20
QUEUED_BYTES = 64 << 20
QUEUED_RECORDS = 400_000
HANDED_OVER = 1000
LINGER_MS = 5
WARM_RECORDS = 200


class Message(Structure):
    _fields_ = [("err", c_int), ("rkt", c_void_p), ("partition", c_int32), ("payload", c_void_p), ("length", c_size_t),
                ("key", c_void_p), ("key_length", c_size_t), ("offset", c_int64), ("opaque", c_void_p)]


class Place(Structure):
    _fields_ = [("topic", c_char_p), ("partition", c_int32), ("offset", c_int64), ("metadata", c_void_p),
                ("metadata_size", c_size_t), ("opaque", c_void_p), ("err", c_int), ("_private", c_void_p)]


def library():
    """LIBRDKAFKA, else the one that confluent-kafka brings, else the system's."""
    found = [os.environ.get("LIBRDKAFKA", "")]
    spec = importlib.util.find_spec("confluent_kafka")
    if spec is not None and spec.origin is not None:
        found += glob.glob(os.path.dirname(spec.origin) + ".libs/librdkafka-*.so*")
    for path in [*found, "librdkafka.so.1", "librdkafka.1.dylib"]:
        if path == "":
            continue
        try:
            return CDLL(path)
        except OSError:
            continue
    sys.stderr.write("no librdkafka\n")
    sys.exit(NO_LIBRARY)


rk = library()
for name, result, parameters in [
    ("version_str", c_char_p, []),
    ("conf_new", c_void_p, []),
    ("conf_set", c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    ("conf_set_events", None, [c_void_p, c_int]),
    ("new", c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    ("topic_new", c_void_p, [c_void_p, c_char_p, c_void_p]),
    ("produce", c_int, [c_void_p, c_int32, c_int, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p]),
    ("produce_batch", c_int, [c_void_p, c_int32, c_int, POINTER(Message), c_int]),
    ("outq_len", c_int, [c_void_p]),
    ("purge", c_int, [c_void_p, c_int]),
    ("queue_get_main", c_void_p, [c_void_p]),
    ("queue_get_consumer", c_void_p, [c_void_p]),
    ("queue_poll", c_void_p, [c_void_p, c_int]),
    ("event_destroy", None, [c_void_p]),
    ("event_message_next", POINTER(Message), [c_void_p]),
    ("consume_callback_queue", c_int, [c_void_p, c_int, c_void_p, c_void_p]),
    ("consumer_poll", POINTER(Message), [c_void_p, c_int]),
    ("message_destroy", None, [POINTER(Message)]),
    ("poll_set_consumer", c_int, [c_void_p]),
    ("topic_partition_list_new", c_void_p, [c_int]),
    ("topic_partition_list_add", POINTER(Place), [c_void_p, c_char_p, c_int32]),
    ("assign", c_int, [c_void_p, c_void_p]),
    ("subscribe", c_int, [c_void_p, c_void_p]),
    ("err2str", c_char_p, [c_int]),
    ("last_error", c_int, []),
]:
    function = getattr(rk, "rd_kafka_" + name)
    function.restype, function.argtypes = result, parameters


def fail(what):
    say("end", error=what)
    sys.stdout.flush()
    os._exit(1)


def say(event, **more):
    print(json.dumps({"event": event, **more}), flush=True)


def used():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def client(kind, settings, events=0):
    conf, complaint = rk.rd_kafka_conf_new(), create_string_buffer(512)
    for key, value in {"bootstrap.servers": job["brokers"], "log_level": "2", **settings}.items():
        if rk.rd_kafka_conf_set(conf, key.encode(), str(value).encode(), complaint, 512) != 0:
            fail(complaint.value.decode())
    if events:
        rk.rd_kafka_conf_set_events(conf, events)
    made = rk.rd_kafka_new(kind, conf, complaint, 512)
    if not made:
        fail(complaint.value.decode())
    return made


def pool():
    """Text that compresses about as well as logs do: words of a small vocabulary, in no order that repeats."""
    state, words = 88172645463325252, []
    total = 0
    while total < POOL_BYTES:
        state ^= (state << 13) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 7
        state ^= (state << 17) & 0xFFFFFFFFFFFFFFFF
        word = b"%x " % (state & (0xFFF if state & 0x10000 else 0xFFFFFFFF))
        words.append(word)
        total += len(word)
    return create_string_buffer(b"".join(words)[:POOL_BYTES])


def producer(events, extra):
    return client(PRODUCER, {
        "acks": job["acks"],
        "enable.idempotence": "false",
        "compression.codec": job.get("codec", "none"),
        "batch.size": job.get("batchBytes", 1 << 20),
        "message.max.bytes": max(1_000_000, job.get("batchBytes", 0)) + 65_536,
        "batch.num.messages": 1_000_000,
        "queue.buffering.max.messages": 2_000_000,
        "queue.buffering.max.kbytes": 1 << 20,
        **extra
    }, events)


def handfuls():
    """For each partition an array of records, the bytes taken from all over the pool, nothing copied."""
    bytes_, size = pool(), job["size"]
    start = cast(bytes_, c_void_p).value
    each = max(1, min(HANDED_OVER, max(job["batchBytes"], 1 << 16) // size))
    made, at = [], 0
    for partition in range(job["partitions"]):
        records = (Message * each)()
        for record in records:
            at = (at + size + 61) % (POOL_BYTES - size)
            record.partition, record.payload, record.length = partition, start + at, size
        made.append(records)
    return bytes_, each, made


def produce():
    handle = producer(DR_EVENT, {"linger.ms": LINGER_MS, "delivery.report.only.error": "true"})
    topic = rk.rd_kafka_topic_new(handle, job["topic"].encode(), None)
    queue = rk.rd_kafka_queue_get_main(handle)
    kept, each, made = handfuls()
    limit = max(each, min(QUEUED_RECORDS, QUEUED_BYTES // job["size"]))
    sent, turn = 0, 0
    began = time.monotonic()
    measure_from = began + job["warmSeconds"]
    at_begin = None
    while True:
        waiting = rk.rd_kafka_outq_len(handle)
        now = time.monotonic()
        if at_begin is None and now >= measure_from:
            say("begin")
            at_begin = (now, sent - waiting, used())
        elif at_begin is not None:
            if now - at_begin[0] >= job["seconds"] or sent - waiting - at_begin[1] >= job.get("records", 1 << 62):
                break
        while waiting < limit:
            taken = rk.rd_kafka_produce_batch(topic, -1, PARTITION_FLAG, made[turn], each)
            turn = (turn + 1) % len(made)
            sent += taken
            waiting += each
        failed(rk.rd_kafka_queue_poll(queue, 1))
    acknowledged = sent - waiting - at_begin[1]
    report(at_begin, now, acknowledged)
    rk.rd_kafka_purge(handle, 3)


def failed(event):
    """With delivery.report.only.error every report is one of a failure."""
    if not event:
        return
    message = rk.rd_kafka_event_message_next(event)
    if message:
        fail("a record was not acknowledged: " + rk.rd_kafka_err2str(message.contents.err).decode())
    rk.rd_kafka_event_destroy(event)


def report(at_begin, now, records, **more):
    seconds = now - at_begin[0]
    say("end", records=records, bytes=records * job["size"], seconds=seconds, cpuSeconds=used() - at_begin[2],
        client="librdkafka " + rk.rd_kafka_version_str().decode(), **more)


def consumer(instance):
    grouped = job.get("groups", False)
    handle = client(CONSUMER, {
        "group.id": f"{job['topic']}-{job.get('run', 0)}-{instance}",
        "enable.auto.commit": "true" if grouped else "false",
        "auto.offset.reset": "earliest",
        "fetch.message.max.bytes": 8 << 20,
        "fetch.max.bytes": 50 << 20,
        "queued.min.messages": 1_000_000,
        "queued.max.messages.kbytes": 128 << 10,
        "fetch.wait.max.ms": 500,
        "fetch.queue.backoff.ms": 5
    })
    rk.rd_kafka_poll_set_consumer(handle)
    places = rk.rd_kafka_topic_partition_list_new(job["partitions"])
    if grouped:
        rk.rd_kafka_topic_partition_list_add(places, job["topic"].encode(), -1)
        error = rk.rd_kafka_subscribe(handle, places)
    else:
        for partition in range(job["partitions"]):
            place = rk.rd_kafka_topic_partition_list_add(places, job["topic"].encode(), partition)
            place.contents.offset = END if job.get("from") == "end" else BEGINNING
        error = rk.rd_kafka_assign(handle, places)
    if error:
        fail(rk.rd_kafka_err2str(error).decode())
    return handle


def consume():
    """Every instance reads `records`, or for as long as `seconds`; the time runs from `warmSeconds` after the first record of any."""
    touch = cast(rk.rd_kafka_message_status, c_void_p)
    instances = job["instances"]
    counts = [0] * instances
    begun = threading.Lock()
    first, at_begin = [], []
    first_by = time.monotonic() + 30

    def run(instance):
        queue = rk.rd_kafka_queue_get_consumer(consumer(instance))
        while True:
            counts[instance] += rk.rd_kafka_consume_callback_queue(queue, 100, touch, None)
            now = time.monotonic()
            if not first:
                if now > first_by:
                    fail("nothing to read within 30 s")
                if counts[instance] > 0:
                    first.append(now)
            if not at_begin:
                with begun:
                    if first and not at_begin and now >= first[0] + job["warmSeconds"]:
                        say("begin")
                        at_begin.append((now, sum(counts), used()))
                continue
            if counts[instance] >= job["records"] or now - at_begin[0][0] >= job["seconds"]:
                return

    threads = [threading.Thread(target=run, args=(instance,)) for instance in range(instances)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report(at_begin[0], time.monotonic(), sum(counts) - at_begin[0][1])


def latency():
    """One record at a time. `rate` 0: the next one goes when the last was acknowledged and has arrived."""
    count, rate, size, warm = job["count"], job["rate"], max(8, job["size"]), WARM_RECORDS
    total = count + warm
    handle = producer(DR_EVENT, {"linger.ms": 0})
    reports = rk.rd_kafka_queue_get_main(handle)
    topic = rk.rd_kafka_topic_new(handle, job["topic"].encode(), None)
    job["from"] = "end"
    reader = consumer(0)
    sent, acknowledged, arrived = [0] * total, [0] * total, [0] * total
    over = threading.Event()
    news = threading.Condition() if rate == 0 else None
    seen = [-1]
    values = [create_string_buffer(size) for _ in range(total)]

    def read():
        while not over.is_set():
            message = rk.rd_kafka_consumer_poll(reader, 100)
            if not message:
                continue
            now = time.monotonic_ns()
            if message.contents.err == 0:
                at = cast(message.contents.payload, POINTER(c_int64)).contents.value
                if 0 <= at < total:
                    arrived[at] = now
                if news is not None or at < 0:
                    seen[0] = at
                    if news is not None:
                        with news:
                            news.notify()
            rk.rd_kafka_message_destroy(message)

    def acks():
        while not over.is_set():
            event = rk.rd_kafka_queue_poll(reports, 100)
            if event:
                now = time.monotonic_ns()
                note(event, now)

    def note(event, now):
        message = rk.rd_kafka_event_message_next(event)
        while message:
            if message.contents.err != 0:
                fail("a record was not acknowledged: " + rk.rd_kafka_err2str(message.contents.err).decode())
            at = (message.contents.opaque or 0) - 1
            if at >= 0:
                acknowledged[at] = now
            message = rk.rd_kafka_event_message_next(event)
        rk.rd_kafka_event_destroy(event)

    def send(index, partition):
        value = values[index]
        memmove(value, byref(c_int64(index)), 8)
        sent[index] = time.monotonic_ns()
        if rk.rd_kafka_produce(topic, partition, 0, value, size, None, 0, c_void_p(index + 1)) != 0:
            fail(rk.rd_kafka_err2str(rk.rd_kafka_last_error()).decode())

    reading = threading.Thread(target=read)
    reading.start()
    probe(topic, reports, size, seen, note)
    if rate > 0:
        taking = threading.Thread(target=acks)
        taking.start()
    at_begin, start = None, time.monotonic()
    for index in range(total):
        if index == warm:
            say("begin")
            at_begin = (time.monotonic(), 0, used())
        if rate > 0:
            ahead = start + index / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        send(index, index % job["partitions"])
        if rate == 0:
            while acknowledged[index] == 0:
                event = rk.rd_kafka_queue_poll(reports, 10_000)
                if event:
                    note(event, time.monotonic_ns())
            with news:
                if not news.wait_for(lambda: arrived[index] > 0, 10):
                    fail("a record was acknowledged and did not arrive within 10 s")
    ended = time.monotonic()
    last_by = ended + 10
    while (min(acknowledged) == 0 or min(arrived) == 0) and time.monotonic() < last_by:
        time.sleep(0.05)
    over.set()
    between = range(warm, total)
    report(at_begin, ended, count,
           acknowledgedUs=[(acknowledged[i] - sent[i]) // 1000 for i in between if acknowledged[i]],
           endToEndUs=[(arrived[i] - sent[i]) // 1000 for i in between if arrived[i]])


def probe(topic, reports, size, seen, note):
    """The reader is at the end of every partition once it has seen a record of each."""
    value = create_string_buffer(size)
    memmove(value, byref(c_int64(-2)), 8)
    for partition in range(job["partitions"]):
        give_up = time.monotonic() + 30
        seen[0] = 0
        while seen[0] != -2:
            if time.monotonic() > give_up:
                fail("no record arrives within 30 s")
            rk.rd_kafka_produce(topic, partition, 0, value, size, None, 0, None)
            event = rk.rd_kafka_queue_poll(reports, 5_000)
            if event:
                note(event, 0)
            until = time.monotonic() + 0.3
            while seen[0] != -2 and time.monotonic() < until:
                time.sleep(0.005)
    time.sleep(0.3)


job = json.loads(sys.argv[1])
if job["kind"] == "version":
    say("end", client="librdkafka " + rk.rd_kafka_version_str().decode())
else:
    {"produce": produce, "consume": consume, "latency": latency}[job["kind"]]()
sys.stdout.flush()
# Closing the clients would wait for what is still under way, which nobody needs any more.
os._exit(0)
