"""What tests of all packages share: the real PostgreSQL and broker, and waiting without sleeping.

Fixtures, from `kawal.testing.plugin` (the root `conftest.py` loads it); nothing starts before it is used:

* `postgres_dsn`, `kafka_bootstrap`: the servers, one start per test process, or those that the environment names in
  `KAWAL_TEST_POSTGRES` and `KAWAL_TEST_KAFKA`.
* `database`: `database("ticket-core")` is the DSN of a database with that service's migrations, empty in each
  test; `database("ticket-core", "notifier")` has both; `database()` has none.
* `topic_name`: `topic_name("interactions", partitions=4)` creates a topic of this test only.
* `group_name`: `group_name("core")` is a consumer group's name of this test only.
"""

from kawal.testing.waiting import eventually

__all__ = ["eventually"]
