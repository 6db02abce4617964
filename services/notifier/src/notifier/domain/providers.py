"""The providers that notifier itself talks to, as a port."""

from datetime import datetime
from typing import Protocol

from notifier.domain.deliveries import Delivery


class ProviderAwayError(Exception):
    """The provider cannot be reached, says "later", or refuses us (a wrong password): the message is not at fault.

    It may have been taken all the same. The error's message is a stable snake_case reason.
    """


class ProviderRefusedError(Exception):
    """The provider will never take this message; the error's message is a stable snake_case reason."""


class Provider(Protocol):
    """Sends one delivery. Sending the same delivery again must be recognisable to the receiver or the provider."""

    async def send(self, delivery: Delivery) -> None:
        """Hand `delivery` over; returns when the provider has taken it.

        Raises:
            ProviderAwayError: try again later.
            ProviderRefusedError: never.
        """
        ...

    async def was_sent(self, delivery: Delivery, *, since: datetime) -> bool:
        """Whether the provider knows that it has taken `delivery` since then; `False` where it cannot tell."""
        ...
