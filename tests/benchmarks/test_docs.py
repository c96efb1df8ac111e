"""The tests named in docs/performance.md exist."""

import re

from tests import ROOT


def test_every_test_named_in_the_docs_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "performance.md").read_text())
    assert len(named) > 10
    missing = [f"{file}::{test}" for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]
    assert missing == []
