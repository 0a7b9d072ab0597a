"""What the site draws and lists is made of committed data, and is committed, too."""

from docs.made.__main__ import DOCS, made


def test_what_is_made_of_data_is_what_is_committed() -> None:
    for name, text in made().items():
        assert (DOCS / name).read_text() == text, f"{name}: run `python -m docs.made`"
