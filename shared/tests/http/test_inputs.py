import pytest
from pydantic import TypeAdapter, ValidationError

from kawal.http import Line, Prose

line: TypeAdapter[str] = TypeAdapter(Line)
prose: TypeAdapter[str] = TypeAdapter(Prose)


class TestLine:
    @pytest.mark.parametrize("text", ["Siti", "Nur'aini", "Zoë", "王小明", "👩🏽‍💻", "zero\u200bwidth"])
    def test_names_of_the_world(self, text):
        assert line.validate_python(f" {text} ") == text

    @pytest.mark.parametrize("text", ["a\0b", "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\x85b"])
    def test_control_characters(self, text):
        with pytest.raises(ValidationError, match="control_character"):
            line.validate_python(text)


class TestProse:
    def test_line_ends(self):
        assert prose.validate_python("a\r\nb\rc\n\td\n") == "a\nb\nc\n\td"

    @pytest.mark.parametrize("text", ["a\0b", "a\x08b", "a\x1b[31mb"])
    def test_control_characters(self, text):
        with pytest.raises(ValidationError, match="control_character"):
            prose.validate_python(text)
