"""What the docs say of other plugins of pytest is what was found."""

import json
import re

from benchmarks.plugins import RESULTS, ROOT


def test_the_page_names_those_beside_which_nothing_changes() -> None:
    found: dict[str, str] = json.loads(RESULTS.read_text())["plugins"]
    page = " ".join(ROOT.joinpath("docs/versions.md").read_text().split())

    same = re.search(r"the same outcomes beside (allure\S+ .*?)\. ", page)
    assert same
    assert re.split(", | and ", same[1]) == [it for it in found if found[it] == "same"]
    assert "differs" not in found.values()
