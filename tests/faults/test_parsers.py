"""Everything that reads a file or an option, fuzzed: a value or the error that is declared, nothing else."""

import json
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import tiny
from tests.faults import malformed
from tests.vaetui.cli.shell import call
from trainer.contract.config import CONFIG, read_config, weight_shapes
from trainer.contract.datasets.registry import load
from trainer.contract.evaluation import EVALUATION, read_evaluation
from trainer.contract.files import Problem
from trainer.contract.metrics import METRICS, parse_epoch
from trainer.contract.run_dir import MODEL, STATUS, read_status
from trainer.contract.tensors import read_metadata, read_tensors
from vaetui import recipes
from vaetui.cli.listing import facts
from vaetui.preferences import Preferences, load_preferences
from vaetui.runs.grid_metric import METRICS as GRID_METRICS
from vaetui.runs.metrics_reader import MetricsReader
from vaetui.runs.run_watcher import read_run
from vaetui.settings import SETTINGS
from vaetui.training_grid import configs_of, parse
from vaetui.tui.session import Session, read_session

fuzzed = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.sampled_from([10**400, -(10**400), 1 << 63, -(1 << 63), 1e308, -1e308, 5e-324, 2**53 + 1])
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(
        ["vae", "ae", "bernoulli", "gaussian", "finished", "running", "best", "\x1b[2J", "\u202e"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(raw: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The ways to every value in `raw`."""
    inner = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    return [here, *(place for key, value in inner for place in places(value, (*here, key)))]


def changed(raw: Any, place: tuple[Any, ...], value: Any, *, is_gone: bool) -> Any:
    """A copy of `raw` with another value at `place`, or without it."""
    if not place:
        return value
    copy = list(raw) if isinstance(raw, list) else dict(raw)
    if len(place) == 1 and is_gone:
        del copy[place[0]]
    else:
        copy[place[0]] = changed(copy[place[0]], place[1:], value, is_gone=is_gone)
    return copy


@st.composite
def json_like(draw: st.DrawFn, good: Any) -> bytes:
    """JSON like `good`, with some values exchanged or left out; bytes cut or exchanged now and then."""
    raw = good
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.sampled_from(places(raw)))
        raw = changed(raw, place, draw(VALUES), is_gone=draw(st.booleans()) and bool(place))
    return draw(harmed(json.dumps(raw).encode(), seldom=True))


@st.composite
def harmed(draw: st.DrawFn, content: bytes, *, seldom: bool = False) -> bytes:
    """`content` with bytes exchanged, put in, taken away, or cut off."""
    data = bytearray(content)
    if seldom and draw(st.integers(0, 4)):
        return content
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 9))] = draw(st.binary(max_size=9))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good run, each of whose files is put back after it was harmed."""
    return tiny.make(tmp_path_factory.mktemp("good"))


def put(run: Path, name: str, content: bytes) -> None:
    """Replace a file, so that its signature changes."""
    (run / name).unlink(missing_ok=True)
    (run / name).write_bytes(content)


def check_message(error: Exception) -> None:
    """A declared error is one short line that no terminal is steered by."""
    assert str(error).isprintable(), repr(str(error))
    assert 0 < len(str(error)) < 1200


READERS: Mapping[str, Callable[[Path], Any]] = {
    CONFIG: read_config,
    STATUS: read_status,
    EVALUATION: lambda run: read_evaluation(run, read_config(run).model),
}


@pytest.mark.fault(
    "config.json, status.json, evaluation.json, fuzzed", "values within bounds, or one sentence"
)
@pytest.mark.parametrize("name", READERS)
@settings(fuzzed, max_examples=150)
@given(data=st.data())
def test_json_files(good: Path, name: str, data: st.DataObject) -> None:
    content = (good / name).read_bytes()
    put(good, name, data.draw(json_like(json.loads(content)) | st.binary(max_size=60)))
    try:
        found = READERS[name](good)
        if name == CONFIG:
            assert found.name
            weight_shapes(found.model)
    except Problem as problem:
        check_message(problem)
    try:
        json.dumps(facts(read_run(good)), allow_nan=False)
    except Problem as problem:
        assert name == CONFIG
        check_message(problem)
    finally:
        put(good, name, content)


@pytest.mark.fault("rows of metrics.jsonl, fuzzed", "rows within bounds and of the model, or one sentence")
@settings(fuzzed, max_examples=300)
@given(data=st.data())
def test_metrics(good: Path, data: st.DataObject) -> None:
    content = (good / METRICS).read_bytes()
    model, first = read_config(good).model, json.loads(content.splitlines()[0])
    row = data.draw(json_like(first) | st.binary(max_size=60))
    try:
        epoch = parse_epoch(row, good / METRICS, model)
        assert len(epoch.kl_per_dim) == model.latent
    except Problem as problem:
        check_message(problem)
    tail = MetricsReader(good / METRICS, model)
    put(good, METRICS, content + row + b"\n" + content)
    tail.read()
    assert {epoch.epoch for epoch in tail.epochs} >= {1, 2, 3}
    put(good, METRICS, content)


def framed(header: bytes, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + rest


@pytest.mark.fault("safetensors files, fuzzed", "the arrays that were written, or one sentence")
@settings(fuzzed, max_examples=300)
@given(data=st.data())
def test_tensors(good: Path, data: st.DataObject) -> None:
    content = (good / MODEL).read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json_like(json.loads(content[8:end]))
    headed = header.map(lambda text: framed(text, content[end:]))
    put(good, MODEL, data.draw(headed | harmed(content) | st.binary(max_size=40).map(framed)))
    shapes = weight_shapes(read_config(good).model)
    for read in (read_metadata, read_tensors, lambda path: read_tensors(path, shapes)):
        try:
            found = read(good / MODEL)
        except Problem as problem:
            check_message(problem)
            continue
        if not isinstance(found, dict):  # what is read here, the library reads as well
            assert found.arrays.keys() == safetensors.numpy.load_file(good / MODEL).keys()
    put(good, MODEL, content)


TOML = b"""title = "Mine"
choices = ["a"]
[[train]]
dataset = "digits"
latent = [2, 5]
beta = 1.5
[[claim]]
text = "More dimensions keep more."
check = "error_levels_off"
at = [1, 2]
"""


@pytest.mark.fault("recipes, fuzzed; nested deeply; numbers of 100 000 digits", "a recipe, or one sentence")
@settings(fuzzed, max_examples=200)
@given(
    content=harmed(TOML)
    | st.binary(max_size=60)
    | st.sampled_from(
        [
            b"x = " + b"[" * 5_000,
            b"x = " + b"{a=" * 5_000,
            TOML.replace(b"beta", b"beta" + b".a" * 20_000),
            TOML.replace(b"1.5", b"1" * 60_000),
            TOML.replace(b"1.5", b"1e999"),
            TOML.replace(b"[2, 5]", b"[[2], [5]]"),
            TOML.replace(b"[2, 5]", b"1979-05-27"),
            b"a = 1\n" * 50_000,
        ]
    )
)
def test_recipes(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    try:
        recipe = recipes.load(str(tmp_path / "mine.toml"))
        assert recipe.grids
        assert recipe.quick().configs(load("digits", tmp_path))
    except Problem as problem:
        check_message(problem)


NUMBERS = (
    st.integers(-5, 1 << 40).map(str)
    | st.floats().map(str)
    | st.sampled_from(["1e400", "1_0", "٣", "²", "1" * 9_999])
)
WORDS = st.sampled_from(["vae", "ae", "best", "auto", "bce", "digits", "", "-", "=", "#1", "prior"])
LISTS = st.lists(NUMBERS | WORDS | st.text(max_size=9), max_size=4).map(",".join)


@pytest.mark.fault("every option of `train`, fuzzed", "a configuration within bounds, or one sentence")
@settings(fuzzed, max_examples=400)
@given(texts=st.dictionaries(st.sampled_from(sorted(SETTINGS)), LISTS, max_size=4))
def test_options(texts: dict[str, str]) -> None:
    try:
        options = parse(texts)
    except ValueError as error:
        check_message(error)
        return
    for config in configs_of([options], load("digits", Path())):
        config.check()


@pytest.mark.fault("--digits, --stops and --digit, fuzzed", "digits, or one sentence and exit code 2")
@pytest.mark.parametrize(
    "words",
    [
        ("show", "--count", 1, "--digits"),
        ("interpolate", "--stops"),
        ("sample", "--from", "posterior", "--digit"),
    ],
    ids=lambda words: words[0],
)
@settings(fuzzed, max_examples=40)
@given(
    text=LISTS
    | st.text(max_size=20)
    | st.lists(st.sampled_from(["3", "#7", " 8 ", "#359"]), max_size=13).map(",".join)
)
def test_lists_of_digits(good: Path, words: tuple[Any, ...], text: str) -> None:
    command, *options = words
    if text.startswith("-") or "\0" in text:
        return
    result = call(command, good, *options, text, "--json", "--data", good)
    assert result.returncode in (0, 2), (text, result.stderr)
    if result.returncode:
        check_message(Exception(result.stderr.strip("\n")))


SETTINGS_FILE = b'glyphs = "half"\ncolors = 256\nbackground = "dark"\n'
MEMORY = {"view": "Loss", "theme": "dark", "metric": "−ELBO", "grid": None, "runs": {"/a": "b/c"}}


@pytest.mark.fault(
    "settings of the user and what the explorer remembers, fuzzed", "the usual, and one sentence"
)
@settings(fuzzed, max_examples=200)
@given(
    toml=harmed(SETTINGS_FILE) | st.sampled_from([b"a" + b".a" * 9_000 + b" = 1", b"a = " + b"[" * 9_000]),
    memory=json_like(MEMORY),
)
def test_settings(tmp_path: Path, toml: bytes, memory: bytes) -> None:
    (tmp_path / "config.toml").write_bytes(toml)
    try:
        assert isinstance(load_preferences({}, tmp_path / "config.toml"), Preferences)
    except ValueError as error:
        check_message(error)
    (tmp_path / "explorer.json").write_bytes(memory)
    found, trouble = read_session(tmp_path / "explorer.json")
    assert isinstance(found, Session)
    if trouble:
        check_message(Exception(trouble))
    found.run(tmp_path)
    assert found.metric in [metric.name for metric in GRID_METRICS]


@pytest.mark.fault(
    "config.toml, explorer.json or a recipe is a FIFO, a socket, a device, a folder, a link to itself, 2 GB",
    "one sentence, at once",
)
@pytest.mark.parametrize("how", sorted(malformed.ANY_FILE.keys() - {"half", "flipped"}))
def test_settings_that_are_no_files(tmp_path: Path, how: str) -> None:
    contents = {"config.toml": SETTINGS_FILE, "explorer.json": json.dumps(MEMORY).encode(), "mine.toml": TOML}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        malformed.ANY_FILE[how](tmp_path / name)
    assert read_session(tmp_path / "explorer.json")[0] == Session()
    trouble = read_session(tmp_path / "explorer.json")[1]
    is_missing = how in ("missing", "dangling")
    assert bool(trouble) == (not is_missing)
    with pytest.raises(Problem) as caught:
        recipes.load(str(tmp_path / "mine.toml"))
    check_message(caught.value)
    if is_missing or how == "empty":
        assert load_preferences({}, tmp_path / "config.toml") == Preferences()
    else:
        with pytest.raises(ValueError, match=r"config\.toml") as refused:
            load_preferences({}, tmp_path / "config.toml")
        check_message(refused.value)
