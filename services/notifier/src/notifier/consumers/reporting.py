"""What ticket-core is told for the timeline."""

from datetime import datetime

from kawal.contracts.deliveries import DeliveryState, report
from kawal.contracts.envelope import KafkaMessage
from notifier.domain.deliveries import Delivery

SOURCE = "/notifier"
NO_ADDRESS = "no_address"


def report_of(delivery: Delivery, *, state: DeliveryState, at: datetime, detail: str | None) -> KafkaMessage:
    told = report(
        delivery,
        state=state,
        channel=delivery.channel,
        source=SOURCE,
        at=at,
        detail=detail,
        traceparent=delivery.traceparent,
    )
    return told.message
