"""Ctrl-C while a command starts: at the n-th import, which is the same moment on a machine of any speed."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ROOT, tiny

# What the installed `vaetui` does; a SIGINT comes when the n-th module is imported.
ENTRY = """
import os, signal, sys
count, last = 0, int(sys.argv.pop(1))
def hook(event, arguments):
    global count
    if event == "import":
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGINT)
sys.addaudithook(hook)
sys.argv[0] = "vaetui"
from vaetui.__main__ import main
main()
"""
# And into how many imports of each command it comes, about: each of them has more.
COMMANDS = {
    ("train", "--dataset", "digits", "--latent", "2", "--dry-run"): 300,
    ("ls",): 200,
    ("show", "@latest"): 250,
    ("compare",): 250,
    ("doctor",): 150,
    ("explore",): 250,
}
_RNG = random.Random(11)
MOMENTS = [(command, _RNG.randrange(3, most)) for command, most in COMMANDS.items() for _ in range(3)]


@pytest.mark.fault("Ctrl-C at random moments while a command starts", "it ends with 130 and says nothing")
@pytest.mark.parametrize(("command", "moment"), MOMENTS, ids=[f"{c[0]}-{n}" for c, n in MOMENTS])
def test_ctrl_c_while_it_starts_is_quiet(runs: Path, command: tuple[str, ...], moment: int) -> None:
    tiny.make(runs)
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, str(moment), *command, "--runs", str(runs)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
