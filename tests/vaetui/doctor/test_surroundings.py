from pathlib import Path

import pytest

from tests.vaetui.doctor.made import about, terminal, world
from vaetui.doctor import surroundings
from vaetui.doctor.surroundings import layers, section
from vaetui.doctor.world import Answer, Section
from vaetui.render.terminal import Terminal

TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0"}
SSH = {"SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}


@pytest.mark.parametrize(
    ("env", "ancestors", "found"),
    [
        ({}, ["bash", "init"], {}),
        (TMUX, ["bash", "tmux: server"], {"tmux": "$TMUX"}),
        ({}, ["bash", "tmux: server"], {"tmux": "the process tmux: server"}),
        ({"TERM": "tmux-256color"}, [], {"tmux": "TERM"}),
        ({"STY": "1.pts"}, [], {"GNU screen": "$STY"}),
        ({"TERM": "screen.xterm"}, [], {"GNU screen": "TERM"}),
        ({"TERM": "screen", "TMUX": "/tmp/t"}, [], {"tmux": "$TMUX"}),
        (SSH, [], {"SSH": "$SSH_CONNECTION"}),
        ({}, ["bash", "sshd-session"], {"SSH": "the process sshd-session"}),
        (SSH | {"SSH_TTY": "/dev/pts/1"}, ["bash", "mosh-server"], {"mosh": "the process mosh-server"}),
        (SSH | TMUX, ["bash"], {"tmux": "$TMUX", "SSH": "$SSH_CONNECTION"}),
    ],
)
def test_what_stands_between(
    env: dict[str, str], ancestors: list[str], found: dict[str, str], tmp_path: Path
) -> None:
    made = world(tmp_path, env, ancestors=ancestors)
    assert layers(made) == found
    finding = about(section(made, terminal(), is_requested=False), "layers").found
    assert finding == (", ".join(f"{name} (by {by})" for name, by in found.items()) or "nothing seen")


def inspected(
    root: Path, env: dict[str, str], shown: Terminal, features: str | None = None, *ancestors: str
) -> Section:
    answers = {"tmux": Answer(features)} if features is not None else {}
    answers |= {"#{client_termfeatures}": answers["tmux"]} if answers else {}
    return section(world(root, env, answers, ancestors), shown, is_requested=False)


@pytest.mark.parametrize(
    ("env", "shown", "features", "standing", "found", "mend"),
    [
        (TMUX, terminal("truecolor"), "256,RGB,title\n", "well", "passes 16 million colours on", ""),
        (TMUX, terminal("256"), "RGB", "hint", "and 256 are used", "COLORTERM truecolor"),
        (TMUX, terminal("256"), "256,title", "hint", "passes 256 colours on", "terminal-features ',*:RGB'"),
        (TMUX, terminal("truecolor"), "256", "hint", "passes 256 colours on", "if not, --colors 256"),
        (TMUX, terminal("256"), None, "hint", "more only if configured", "terminal-overrides ',*:Tc'"),
        (
            TMUX | {"TERM": "screen"},
            *(terminal("256"), "RGB", "hint", "calls itself screen", "default-terminal tmux-256color"),
        ),
    ],
)
def test_tmux(
    env: dict[str, str],
    shown: Terminal,
    features: str | None,
    standing: str,
    found: str,
    mend: str,
    tmp_path: Path,
) -> None:
    finding = about(inspected(tmp_path, env, shown, features), "tmux")
    assert (finding.standing, found in finding.found, mend in finding.mend) == (standing, True, True)
    assert bool(finding.mend) == (standing == "hint")


def test_gnu_screen(tmp_path: Path) -> None:
    finding = about(inspected(tmp_path, {"TERM": "screen", "STY": "1.x"}, terminal()), "GNU screen")
    assert finding.standing == "hint"
    assert "term screen-256color" in finding.mend


@pytest.mark.parametrize(("depth", "mend"), [("256", "--colors truecolor"), ("truecolor", "--colors 256")])
def test_mosh(depth: str, mend: str, tmp_path: Path) -> None:
    finding = about(inspected(tmp_path, {}, terminal(depth), None, "mosh-server"), "mosh")  # type: ignore[arg-type]
    assert "1.4" in finding.found
    assert mend in finding.mend


def test_ssh(tmp_path: Path) -> None:
    found = [one for one in inspected(tmp_path, SSH, terminal()).findings if one.about == "SSH"]
    assert ["ssh -C" in one.mend for one in found] == [True, False]
    assert "SendEnv COLORTERM" in found[1].mend
    assert "AcceptEnv COLORTERM" in found[1].mend


@pytest.mark.parametrize(
    ("env", "shown"),
    [
        (SSH | {"COLORTERM": "truecolor"}, terminal("truecolor")),
        (SSH | {"TERM": "xterm-kitty"}, terminal("truecolor")),
        (SSH | TMUX, terminal("256")),
        (SSH, terminal("none")),
    ],
)
def test_ssh_gets_hints_on_colours_only_where_they_may_be_lost(
    env: dict[str, str], shown: Terminal, tmp_path: Path
) -> None:
    found = inspected(tmp_path, env, shown, "RGB").findings
    assert [one.mend[:8] for one in found if one.about == "SSH"] == ["`ssh -C`"]


def test_who_wants_no_colours_gets_no_hints_on_them(tmp_path: Path) -> None:
    env = TMUX | {"NO_COLOR": "1", "STY": "1.x"}
    found = inspected(tmp_path, env, terminal("none"), "256", "mosh-server")
    assert [one.about for one in found.findings if one.standing != "well"] == []
    piped = inspected(tmp_path / "2", env, terminal("none", is_tty=False), "256", "mosh-server")
    assert [one.about for one in piped.findings if one.standing != "well"] == ["tmux", "GNU screen", "mosh"]


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_the_explorer_cannot_open_everywhere(term: str, tmp_path: Path) -> None:
    finding = about(inspected(tmp_path, {"TERM": term}, terminal("none")), "explorer")
    assert (finding.standing, "TERM is" in finding.found, bool(finding.mend)) == ("broken", True, True)
    assert (
        about(inspected(tmp_path / "2", {}, terminal(columns=132)), "explorer").found
        == "opens, 132 columns wide"
    )
    piped = about(inspected(tmp_path / "3", {"TERM": term}, terminal("none", is_tty=False)), "explorer")
    assert piped.standing == "well"


def test_the_locale(tmp_path: Path) -> None:
    finding = about(inspected(tmp_path, {"LC_ALL": "C"}, terminal(glyphs="ascii")), "locale")
    assert (finding.standing, "LC_ALL=C" in finding.found) == ("hint", True)
    assert "LANG=C.UTF-8" in finding.mend
    asked = section(world(tmp_path / "2"), terminal(glyphs="ascii"), is_requested=True)
    assert about(asked, "locale").standing == "well"
    wide = about(inspected(tmp_path / "3", {"LANG": "ja_JP.UTF-8"}, terminal()), "locale")
    assert (wide.standing, "two cells wide" in wide.found) == ("hint", True)
    assert about(inspected(tmp_path / "4", {}, terminal()), "locale").standing == "well"


def test_what_it_is_taken_for(tmp_path: Path) -> None:
    def finding(shown: Terminal, root: str) -> str:
        return about(section(world(tmp_path / root), shown, is_requested=False), "detected").found

    assert finding(terminal("truecolor", "quadrant"), "1") == (
        "16 million colours on a dark background, quadrant blocks"
    )
    assert finding(terminal("none", "half"), "2") == "no colours, so ASCII characters in pictures"
    assert finding(terminal("none", "quadrant"), "3") == "no colours, quadrant blocks"
    assert finding(terminal("none", "sixel"), "4") == f"no colours, {surroundings.CHARACTERS['sixel']}"
    assert set(surroundings.CHARACTERS) == {"half", "quadrant", "ascii", "kitty", "sixel"}


def test_what_the_terminal_says_cannot_steer_it(tmp_path: Path) -> None:
    env = {"TERM": "x\x1b[2J", "TERM_PROGRAM": "\x07", "LANG": "\x1b]0;x\x07"}
    found = inspected(tmp_path, env, terminal(), None, "mosh-server\x1b[2J").findings
    assert all(one.found.isprintable() and one.mend.isprintable() for one in found)
