"""Kafka: a producer, a consumer in small steps, dead letters, a broadcast.

    dead_letters = DeadLetters(group="notifier", engine=engine, table=parked_key, bootstrap_servers=settings.kafka)
    consumer = Consumer(
        topics=[topics.CASE_EVENTS.name],
        group="notifier",
        decode=decoder(case_event_adapter),
        handle=handle,
        dead_letters=dead_letters,
        settings=ConsumerSettings(bootstrap_servers=settings.kafka),
    )
    tasks = {"case_events": consumer.run}

`handle(records)` applies a batch in one transaction, its inbox included, and raises `TransientError` (again later),
`InvalidRecords` (those to the dead letters, the rest again) or anything else (a few attempts, then one by one).
"""

from kawal.kafka.broadcast import Broadcast
from kawal.kafka.consumer import Consumer
from kawal.kafka.dead_letters import DeadLetters
from kawal.kafka.decode import decoder
from kawal.kafka.parked import parked_keys_table
from kawal.kafka.producer import Ack, Producer, ProduceRejected, ProduceUnknown
from kawal.kafka.record import InvalidRecords, Record
from kawal.kafka.settings import ConsumerSettings

__all__ = [
    "Ack",
    "Broadcast",
    "Consumer",
    "ConsumerSettings",
    "DeadLetters",
    "InvalidRecords",
    "ProduceRejected",
    "ProduceUnknown",
    "Producer",
    "Record",
    "decoder",
    "parked_keys_table",
]
