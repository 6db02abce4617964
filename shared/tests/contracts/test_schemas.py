from datetime import UTC, datetime

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from kawal.contracts import schemas, topics
from kawal.contracts.channels import CHANNELS
from kawal.contracts.commands import app
from kawal.contracts.interactions import MessageReceived
from kawal.contracts.words import Channel, Locale

MESSAGE = MessageReceived(
    conversation_id="chat:abcdefgh",
    channel=Channel.CHAT,
    occurred_at=datetime(2026, 11, 24, tzinfo=UTC),
    locale=Locale.INDONESIAN,
    text="Halo",
)


class TestSchemas:
    def test_each_is_a_schema(self):
        for schema in schemas.schemas().values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_what_we_write_is_valid(self):
        schema = schemas.schemas()["kawal.interaction.message_received.v1.schema.json"]
        jsonschema.validate(MESSAGE.model_dump(mode="json"), schema)

    def test_closed(self):
        schema = schemas.schemas()["kawal.interaction.message_received.v1.schema.json"]
        with pytest.raises(jsonschema.ValidationError, match="unexpected"):
            jsonschema.validate(MESSAGE.model_dump(mode="json") | {"nik": "3174"}, schema)


class TestAsyncApi:
    def test_every_topic_has_its_channel(self):
        assert {channel.topic for channel in CHANNELS} == set(topics.ALL)

    def test_every_reference_leads_somewhere(self):
        document = yaml.safe_load(schemas.files()[schemas.ASYNCAPI])

        def references(node):
            if isinstance(node, dict):
                yield from ([node["$ref"]] if "$ref" in node else [])
                node = list(node.values())
            if isinstance(node, list):
                for child in node:
                    yield from references(child)

        for reference in references(document):
            if reference.startswith("./"):
                assert reference.removeprefix("./") in schemas.files()
                continue
            _, section, *path = reference.split("/")
            found = document[section]
            for step in path:
                found = found[step]


class TestCommands:
    def test_generate_check_release(self, tmp_path):
        run = lambda command: CliRunner().invoke(app, [command, "--folder", str(tmp_path)])  # noqa: E731
        assert run("check").exit_code == 1
        assert run("generate").exit_code == 0
        assert run("check").exit_code == 0
        assert run("release").exit_code == 0
        assert (tmp_path / "released" / "1").is_dir()
        assert run("release").exit_code == 0
        assert (tmp_path / "released" / "2").is_dir()

    def test_stale_files(self, tmp_path):
        run = lambda command: CliRunner().invoke(app, [command, "--folder", str(tmp_path)])  # noqa: E731
        run("generate")
        (tmp_path / "kawal.old.v1.schema.json").write_text("{}")
        (tmp_path / schemas.ASYNCAPI).write_text("edited")
        result = run("check")
        assert result.exit_code == 1
        assert "belongs to no model" in result.stderr
        assert "asyncapi.yaml is out of date" in result.stderr
        run("generate")
        assert run("check").exit_code == 0
