import pytest

from tinynas.errors import InvalidInputError
from tinynas.units import format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (327_680, 327_680),
        ("327680", 327_680),
        ("320KB", 327_680),
        ("320 KiB", 327_680),
        ("320k", 327_680),
        ("1MB", 1_048_576),
        ("1.5 MiB", 1_572_864),
        ("12B", 12),
    ],
)
def test_sizes_are_read_as_datasheets_write_them(text: int | str, size: int) -> None:
    assert parse_bytes(text, field="sram") == size


@pytest.mark.parametrize(
    "text", ["", "many", "-1KB", "0", 0, -5, "1.5B", "3 parsecs", True, "9e99MB"]
)
def test_what_is_no_size_names_the_field(text: int | str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_bytes(text, field="flash")
    assert caught.value.field == "flash"
    assert caught.value.given == text


def test_sizes_are_written_short() -> None:
    assert [format_bytes(n) for n in (12, 1024, 32_768, 1_500)] == [
        "12 B",
        "1 KB",
        "32 KB",
        "1.5 KB",
    ]
