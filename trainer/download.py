"""Downloads a data set through torchvision: `python -m trainer.download mnist FOLDER`.

A process of its own: torchvision loads for seconds, a broken one may crash, and its downloader knows no
timeout. Any failure is one sentence on stderr, cause and mend, and exit code 1.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import socket
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from trainer.files import Problem, clean

# name → the class of torchvision.datasets, and a small file on the mirror that it asks first
SETS = {
    "mnist": ("MNIST", "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-labels-idx1-ubyte.gz"),
    "fashion-mnist": (
        "FashionMNIST",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
    ),
    "kmnist": ("KMNIST", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/t10k-labels-idx1-ubyte.gz"),
    "qmnist": (
        "QMNIST",
        "https://raw.githubusercontent.com/facebookresearch/qmnist/master/qmnist-test-labels-idx2-int.gz",
    ),
}

SOCKET_SECONDS = 7.0  # for each mirror, of which there are two at most: with loading torchvision less than 25
SIGN = ".reached"  # grows while torchvision loads and the mirror is known to answer: whoever watches, waits
SIGNS = 60  # at one a second
DISK = {
    errno.EACCES,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EIO,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}


def main(arguments: Sequence[str]) -> int:
    """Download data set `arguments[0]` into the folder `arguments[1]`; the exit code."""
    if len(arguments) != 2 or arguments[0] not in SETS:
        _say(f"expected the name of a data set ({', '.join(SETS)}) and a folder")
        return 2
    name, folder = arguments[0], Path(arguments[1])
    socket.setdefaulttimeout(SOCKET_SECONDS)
    loaded = threading.Event()
    threading.Thread(target=_reach, args=(SETS[name][1], folder / SIGN, loaded), daemon=True).start()
    try:
        download(name, folder, loaded)
    except Problem as problem:
        _say(str(problem))
        return 1
    return 0


def download(name: str, folder: Path, loaded: threading.Event) -> None:
    """Download `name` into `folder`; `loaded` is set when torchvision is there. Raises `Problem`."""
    try:
        from torchvision import datasets
    except Exception as error:  # a broken or mismatched build raises whatever it likes
        raise Problem(
            f"torchvision cannot be loaded ({_reason(error)}): install torch and torchvision anew, "
            "both from the same package index"
        ) from None
    loaded.set()
    title = SETS[name][0]
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # its progress bars
            for train in (True, False):  # QMNIST fetches the part that it is asked for, the others all
                getattr(datasets, title)(root=folder, train=train, download=True)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise Problem(
                f"the data folder cannot be written ({error.strerror}): "
                "free some space or choose another with --data"
            ) from None
        raise Problem(f"no mirror of {title} delivers it ({_reason(error)}): check the network") from None


def _reach(url: str, sign: Path, loaded: threading.Event) -> None:
    """Ask the mirror for a sign of life while torchvision loads; say so at once where there is none.

    Not decisive: torchvision may find another mirror.
    """
    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=4):  # noqa: S310 (ours)
            pass
    except urllib.error.HTTPError:
        pass  # refused, but reached
    except Exception as error:
        _say(f"the mirror does not answer ({_reason(error)}): check the network")
        return
    with contextlib.suppress(OSError):  # a folder that cannot be written is reported by the download
        for _ in range(SIGNS):
            with sign.open("a") as file:
                file.write(".")
            if loaded.wait(1):
                return


def _reason(error: BaseException) -> str:
    """The last line of what the error says, without urllib's wrapping."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    bare = re.sub(r"<urlopen error (.*)>", r"\1", lines[-1])
    return clean(re.sub(r"\[Errno -?\d+\] ", "", bare), 200).rstrip(".")


def _say(sentence: str) -> None:
    os.write(2, f"{sentence}\n".encode())  # sys.stderr may be redirected


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
