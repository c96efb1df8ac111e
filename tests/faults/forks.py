"""A process that has PyTorch loaded and forks a child for each command, so that hundreds of them are cheap.

The children run the real commands: `train` is `python -m trainer`, `judge` is `python -m trainer.evaluation`,
`queue` is what `vaetui train` does before it starts a trainer. They train on images that are made in a blink,
and save whenever they could.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests import ROOT

HUNG = 120.0  # seconds after which a child is ended


@dataclass(frozen=True)
class Outcome:
    """How a child ended: its exit code (minus a signal), what it said, what it did to files."""

    code: int
    said: str
    operations: list[str]


class Forks:
    """The process, and a way to ask it."""

    def __enter__(self) -> Self:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.faults.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate("")

    def call(
        self, command: str, *arguments: object, kill_after: float = 0.0, memory: int = 0, **fault: Any
    ) -> Outcome:
        """Run a command in a child, with so many bytes of `memory` more; `fault` is for its `Injector`."""
        request: dict[str, Any] = {"command": command, "arguments": [str(one) for one in arguments]}
        request |= {"kill_after": kill_after, "memory": memory}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request | {"fault": fault}, default=str) + "\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline()))


def serve() -> None:
    """Answer one request a line, until there are none."""
    commands = _commands()
    _train_once()
    gc.collect()
    gc.freeze()  # a child need not look at all that was imported, and so does not copy it
    answers = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        answer = _run(commands, **json.loads(line))
        os.write(answers, json.dumps(answer).encode() + b"\n")


def _run(
    commands: dict[str, Callable[..., int]],
    command: str,
    arguments: list[str],
    kill_after: float,
    memory: int,
    fault: dict[str, Any],
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        said, done = Path(folder, "said"), Path(folder, "done")
        child = os.fork()
        if not child:
            if memory:
                _limit(memory)
            _be_child(lambda: commands[command](*arguments), said, done, fault)
        process = os.pidfd_open(child)
        ended, _, _ = select.select([process], [], [], kill_after or HUNG)
        os.close(process)
        if not ended:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if not ended and not kill_after:
            raise TimeoutError(f"{command} {arguments} hung: {said.read_text()}")
        operations = json.loads(done.read_text()) if done.exists() else []
        return {"code": code, "said": said.read_text() if said.exists() else "", "operations": operations}


def _limit(memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _be_child(act: Callable[[], int], said: Path, done: Path, fault: dict[str, Any]) -> None:
    from tests.faults.injection import Injector

    code = 99
    gc.disable()  # a child is short
    try:
        output = os.open(said, os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(output, stream)
        injector = Injector(Path(fault.pop("root")), **fault) if fault else None
        if injector:
            injector.install()
        code = act()
        sys.stdout.flush()
        sys.stderr.flush()
        if injector:
            injector.remove()
            done.write_text(json.dumps(injector.seen))
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def _commands() -> dict[str, Callable[..., int]]:
    import torch.optim  # noqa: F401 - so that no child has to import anything

    import trainer.__main__
    import trainer.evaluation.__main__
    import trainer.evaluation.evaluate
    import trainer.planner
    import trainer.recorder
    from tests.trainer.small import config, dataset
    from vaetui.runs import launch
    from vaetui.runs.queue import queue_runs

    images = dataset()
    for module in (trainer.planner, trainer.evaluation.__main__):
        setattr(module, "load", lambda name, folder, *_: images)  # noqa: B010
    trainer.recorder.SAVE_SECONDS = trainer.recorder.SAVE_SHARE = 0

    def queue(runs: str, latents: str, force: str) -> int:
        configs = [config(int(latent)) for latent in latents.split(",")]
        queue_runs(launch.plan_runs(Path(runs), configs, force == "--force", None))
        return 0

    return {
        "train": lambda *runs: trainer.__main__.main(["--data", ".", *runs]),
        "judge": lambda *runs: trainer.evaluation.__main__.main(
            ["--data", ".", "--device", "cpu", "--no-quality", *runs]
        ),
        "queue": queue,
    }


def _train_once() -> None:
    """Have PyTorch choose and prepare its algorithms, which each child would do again; no thread is begun."""
    import torch

    from tests.faults.outcome import SHORT
    from tests.trainer.small import dataset, directories
    from trainer.engine.precision import Arithmetic
    from trainer.train_runs import train_runs

    device = torch.device("cpu")
    with tempfile.TemporaryDirectory() as folder:
        runs = directories(Path(folder), SHORT)
        train_runs(runs, SHORT, dataset(), device, Arithmetic("fp32"), lambda: False)


if __name__ == "__main__":
    serve()
