"""Copies of this project, to try what somebody has who got it."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import ROOT


def git(folder: Path, *words: str) -> str:
    """What a git command prints."""
    done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


def clone(to: Path) -> Path:
    """A clone with the changes of the working tree in it. Skips the test where this is no checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no git checkout, or git is not installed")
    git(ROOT, "clone", "--quiet", "--shared", str(ROOT), str(to))
    changed = git(ROOT, "ls-files", "-z", "--modified", "--others", "--deleted", "--exclude-standard")
    for name in filter(None, changed.split("\0")):
        (to / name).unlink(missing_ok=True)
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name, follow_symlinks=False)
    return to
