"""What is added to the report of a failure, with no private names of pytest's."""

import pytest


def add_section(report: pytest.TestReport, title: str, *lines: str) -> None:
    """Add lines to a section of a failure's report.

    The sections of the error are shown with it, and stand in JUnit files. Those of the report are
    captured output, which `--show-capture=no` hides.
    """
    sections: list[tuple[str, ...]] | None = getattr(report.longrepr, "sections", None)
    if sections is None:  # only a text is known
        report.sections.append((title, "\n".join(lines)))
        return
    for number, (name, text, *rest) in enumerate(sections):
        if name == title:
            sections[number] = (name, "\n".join([text, *lines]), *rest)
            return
    sections.append((title, "\n".join(lines), "-"))
