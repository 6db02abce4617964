"""Apache Kafka's jars, resolved from Maven Central once and then kept."""

import fcntl
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kawal_local.layout import tools_directory

COORDINATES = (
    "org.apache.kafka:kafka_2.13:4.3.1",
    "org.apache.kafka:kafka-tools:4.3.1",
    "org.slf4j:slf4j-simple:1.7.36",  # Kafka brings only the API of its logging; without this it is silent
)
DOWNLOAD_TIMEOUT_S = 60

Report = Callable[[str], None]


def classpath(cache: Path, *, report: Report = print) -> str:
    """The Java class path of Kafka, downloading into `cache` what is not there yet.

    Once everything is there no network is needed. Raises `RuntimeError` if Maven Central cannot serve it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    index = cache / f"classpath-{hashlib.sha256(repr(COORDINATES).encode()).hexdigest()[:12]}.json"
    with _only_one(cache):
        jars = _indexed(index)
        if jars is None:
            jars = _download(cache / "repository", report=report)
            index.write_text(json.dumps([str(jar.relative_to(cache)) for jar in jars]), encoding="utf-8")
    return ":".join(str(jar) for jar in jars)


@contextmanager
def _only_one(cache: Path) -> Iterator[None]:
    """A test run and `make run` may want to fill the cache at the same moment."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _indexed(index: Path) -> list[Path] | None:
    """The jars of a finished download, or None. Relative paths, so that the cache may be moved."""
    if not index.is_file():
        return None
    jars = [index.parent / name for name in json.loads(index.read_text(encoding="utf-8"))]
    return jars if all(jar.is_file() for jar in jars) else None


def _download(repository: Path, *, report: Report) -> list[Path]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jgo looks for a desktop session's folders, and warns that there is none
        from jgo.maven import MavenContext  # noqa: PLC0415 - slow to import, and needed once in a checkout's life

    repository.mkdir(parents=True, exist_ok=True)
    report("Kafka: resolving Apache Kafka 4.3.1 from Maven Central (once, about 55 MB)")
    # Only jgo's resolver is used: its environment builder would download a second Java to sort the jars.
    maven = MavenContext(repo_cache=repository, local_repos=[], timeout=DOWNLOAD_TIMEOUT_S)
    wanted = [maven.create_dependency(coordinate) for coordinate in COORDINATES]
    inputs, transitive = maven.resolver.resolve(wanted)
    needed = [*inputs, *(item for item in transitive if item.scope in {"compile", "runtime"})]
    artifacts = [item.artifact for item in needed]
    jars = []
    for number, artifact in enumerate(artifacts, start=1):
        jars.append(artifact.resolve())
        if number % 10 == 0 or number == len(artifacts):
            report(f"Kafka: {number} of {len(artifacts)} files")
    return jars


if __name__ == "__main__":
    classpath(tools_directory() / "kafka")
