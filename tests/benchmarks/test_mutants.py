"""What no test notices is known, each with the reason."""

import json
import tomllib

from benchmarks.mutants import REASONS, RESULTS, Results


def test_each_change_that_no_test_noticed_has_its_reason() -> None:
    results: Results = json.loads(RESULTS.read_text())
    reasons = tomllib.loads(REASONS.read_text())["survivor"]

    assert results["noticed"] + len(results["survived"]) == results["tried"]
    assert [it for it in results["survived"] if it not in reasons] == []
