"""What the user wants a terminal to be taken for, said in three places."""

from pathlib import Path

import pytest

from tests.vaetui.cli.shell import call, complaint, vaetui
from vaetui.preferences import DEFAULTS, default_path, load_preferences
from vaetui.render.terminal import Requested


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_nothing_is_wanted_where_nothing_is_said(file: Path) -> None:
    assert load_preferences({}, file) == DEFAULTS
    assert load_preferences({"VAETUI_GLYPHS": "", "VAETUI_COLORS": ""}, file) == DEFAULTS
    file.write_text("")
    assert load_preferences({}, file) == DEFAULTS


def test_the_file_lies_in_the_configuration_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "vaetui" / "config.toml"


def test_option_goes_before_environment_goes_before_file(file: Path) -> None:
    file.write_text('glyphs = "ascii"\ncolors = 16\n')
    env = {"VAETUI_GLYPHS": "quadrant", "VAETUI_COLORS": "256"}
    by_file = load_preferences({}, file)
    assert by_file.glyphs == Requested("ascii", f"glyphs in {file}", is_here=False)
    assert by_file.colors == Requested("16", f"colors in {file}", is_here=False)
    by_variable = load_preferences(env, file)
    assert by_variable.glyphs == Requested("quadrant", "VAETUI_GLYPHS", is_here=False)
    assert by_variable.colors == Requested("256", "VAETUI_COLORS", is_here=False)
    by_option = load_preferences(env, file, "kitty", "none")
    assert by_option.glyphs == Requested("kitty", "--glyphs", is_here=True)
    assert by_option.colors == Requested("none", "--colors", is_here=True)
    assert load_preferences(env, file, "", "none").glyphs == by_variable.glyphs


def test_the_background_is_known_by_variable_or_file(file: Path) -> None:
    file.write_text('background = "light"\n')
    assert load_preferences({}, file).background == Requested("light", f"background in {file}", is_here=False)
    dark = load_preferences({"VAETUI_BACKGROUND": "dark"}, file).background
    assert dark == Requested("dark", "VAETUI_BACKGROUND", is_here=False)


def test_auto_is_what_is_found_whatever_stands_behind_it(file: Path) -> None:
    file.write_text('glyphs = "ascii"\ncolors = "auto"\n')
    assert load_preferences({}, file).colors is None
    assert load_preferences({"VAETUI_GLYPHS": "auto"}, file).glyphs is None
    assert load_preferences({"VAETUI_GLYPHS": "half"}, file, "auto").glyphs is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('glyphs = "blocks"', "glyphs in {} takes auto, half, quadrant, ascii, kitty or sixel, not 'blocks'"),
        ("colors = 88", "colors in {} takes auto, truecolor, 256, 16 or none, not '88'"),
        ("colors = true", "not 'True'"),
        ('background = "white"', "background in {} takes auto, dark or light, not 'white'"),
        ('glyphs = ""', "not ''"),
        ("glyphs = ['half']", "takes auto, half"),
        ("colors = 1979-05-27", "takes auto, truecolor"),
        ('colours = "256"', "{} has no key `colours`: did you mean colors?"),
        ("[theme]", "{} has no key `theme`: keys are glyphs, colors and background"),
        ("glyphs", "{} is not valid TOML"),
        ("\x00\x1b[2J", "{} is not valid TOML"),
        ("#" * (1 << 17), "is larger than 64 KiB"),
    ],
)
def test_a_wrong_file_is_one_sentence(text: str, words: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(ValueError, match="config") as caught:
        load_preferences({}, file, "half", "256")  # what decides does not hide what is wrong
    assert words.format(file) in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_file_that_cannot_be_read_is_one_sentence(file: Path) -> None:
    file.mkdir()
    with pytest.raises(ValueError, match="cannot be read: it is a directory"):
        load_preferences({}, file)
    (file.parent / "latin").write_bytes("# é".encode("latin-1"))
    with pytest.raises(ValueError, match="latin is not valid TOML"):
        load_preferences({}, file.parent / "latin")


@pytest.mark.parametrize(("variable", "known"), [("VAETUI_GLYPHS", "sixel"), ("VAETUI_COLORS", "none")])
def test_a_wrong_variable_is_one_sentence(variable: str, known: str, file: Path) -> None:
    with pytest.raises(ValueError, match=f"^{variable} takes auto, .* or {known}, not 'x'$"):
        load_preferences({variable: "x\x1b"}, file)


# --- on the command line ------------------------------------------------------------------------------


COMMANDS = {
    "show": ("show", "@latest", "--count", "1"),
    "sample": ("sample", "@latest", "--count", "1"),
    "interpolate": ("interpolate", "@latest", "1", "2", "--steps", "2"),
    "traverse": ("traverse", "@latest", "--dim", "1"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_prints_digits_takes_them(command: str, run: Path) -> None:
    words = (*COMMANDS[command], "--runs", run.parents[1])
    plain = call(*words)
    assert (plain.returncode, "\x1b" in plain.stdout) == (0, False)
    assert "\x1b[38;2;" in call(*words, "--colors", "truecolor").stdout
    coloured = call(*words, "--colors", "256").stdout
    assert "8;5;" in coloured
    assert "▄" in coloured
    ascii_ = call(*words, "--colors", "256", "--glyphs", "ascii").stdout
    assert not {"▄", "▀"} & set(ascii_)
    for option in ("--colors", "--glyphs"):
        result = call(*words, option, "plaid")
        assert complaint(result).startswith(f"{option} takes auto, ")
        assert result.returncode == 2


@pytest.mark.parametrize("command", [*COMMANDS, "explore"])
def test_help_lists_what_may_stand_there(command: str) -> None:
    shown = " ".join(call(command, "--help").stdout.split())
    assert "auto, half, quadrant, ascii, kitty, sixel" in shown
    assert "auto, truecolor, 256, 16, none" in shown


def test_the_explorer_takes_them() -> None:
    assert "needs a terminal" in complaint(call("explore", "--glyphs", "half", "--colors", "16"))
    result = call("explore", "--colors", "88")
    assert complaint(result) == "--colors takes auto, truecolor, 256, 16 or none, not '88'"
    assert result.returncode == 2


def test_variable_and_file_are_obeyed_and_checked(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*COMMANDS["show"], "--runs", run.parents[1])
    monkeypatch.setenv("FORCE_COLOR", "1")
    default_path().parent.mkdir()
    default_path().write_text("colors = 16")
    assert "\x1b[38;" not in call(*words).stdout
    monkeypatch.setenv("VAETUI_COLORS", "truecolor")
    assert "\x1b[38;2;" in call(*words).stdout
    monkeypatch.setenv("VAETUI_COLORS", "red")
    result = call(*words)
    assert (result.returncode, "VAETUI_COLORS takes" in complaint(result)) == (2, True)
    monkeypatch.delenv("VAETUI_COLORS")
    default_path().write_text("color = 16")
    result = call(*words)
    assert complaint(result) == f"{default_path()} has no key `color`: did you mean colors?"
    assert result.returncode == 2


def test_blocks_on_an_output_that_lacks_them_are_one_sentence(run: Path) -> None:
    words = (*COMMANDS["show"], "--runs", run.parents[1])
    env = {"PATH": "/bin", "PYTHONIOENCODING": "ascii", "LANG": "C.UTF-8", "HOME": str(run)}
    result = vaetui(*words, "--glyphs", "half", env=env)
    assert "--glyphs: the output is ascii, which lacks these characters" in complaint(result)
    assert result.returncode == 2
    by_variable = vaetui(*words, env=env | {"VAETUI_GLYPHS": "half"})
    assert (by_variable.returncode, by_variable.stdout.isascii()) == (0, True)
