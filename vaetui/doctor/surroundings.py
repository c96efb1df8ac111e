"""Check what the terminal says of itself, how it is classified, and what is between it and this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trainer.contract.files import clean
from vaetui.doctor.world import Finding, Section, World
from vaetui.render.terminal import Terminal, is_dumb, is_screen

COLOURS = {"truecolor": "16 million colours", "256": "256 colours", "16": "16 colours", "none": "no colours"}
CHARACTERS = {
    "half": "half blocks",
    "quadrant": "quadrant blocks",
    "ascii": "ASCII characters",
    "kitty": "pictures by kitty's protocol",
    "sixel": "pictures by sixel",
}
WIDE = ("ja", "ko", "zh")  # languages whose fonts may draw a block two cells wide
TMUX, SCREEN, MOSH, SSH = "tmux", "GNU screen", "mosh", "SSH"

_SAYS = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "NO_COLOR", "FORCE_COLOR", "WT_SESSION")
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
_VARIABLES = {TMUX: ("TMUX",), SCREEN: ("STY",), MOSH: (), SSH: ("SSH_CONNECTION", "SSH_TTY")}
_PROCESSES = {TMUX: "tmux", SCREEN: "screen", MOSH: "mosh-server", SSH: "sshd"}
_TMUX_SECONDS = 5.0


def seen(world: World) -> dict[str, str]:
    """Return what is between here and the user's terminal, each with what it was recognised by."""
    ancestors = [name.lower() for name in world.ancestors()]
    found: dict[str, str] = {}
    for name, variables in _VARIABLES.items():
        by = next((f"${variable}" for variable in variables if world.env.get(variable)), "")
        process = next((one for one in ancestors if one.startswith(_PROCESSES[name])), "")
        by = by or (f"the process {clean(process)}" if process else "")
        if by:
            found[name] = by
    term = world.env.get("TERM", "").lower()
    if TMUX not in found and term.startswith("tmux"):
        found[TMUX] = "TERM"
    if SCREEN not in found and is_screen(world.env):
        found[SCREEN] = "TERM"
    if MOSH in found:  # it is started through SSH, which has long gone
        found.pop(SSH, None)
    return found


def section(world: World, terminal: Terminal, *, is_asked: bool) -> Section:
    """Report on the terminal; `is_asked`: its characters were requested by name, not chosen by locale."""
    between = seen(world)
    here = [
        Finding("it says", _says(world.env, _SAYS) or "nothing"),
        Finding("taken for", _taken_for(terminal)),
        Finding("because", terminal.reason),
        Finding("between", ", ".join(f"{name} (by {by})" for name, by in between.items()) or "nothing seen"),
        _explorer(world.env, terminal),
        _locale(world.env, terminal, is_asked),
        *(hint for name in between for hint in _HINTS[name](world, terminal)),
    ]
    return Section("terminal", tuple(here))


def _taken_for(terminal: Terminal) -> str:
    if terminal.depth == "none" and terminal.glyphs == "half":
        return f"{COLOURS['none']}, so {CHARACTERS['ascii']} in pictures"
    ground = f" on a {terminal.background} background" if terminal.depth != "none" else ""
    return f"{COLOURS[terminal.depth]}{ground}, {CHARACTERS[terminal.glyphs]}"


def _says(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}={clean(env[name], 40)}" for name in names if env.get(name))


def _explorer(env: Mapping[str, str], terminal: Terminal) -> Finding:
    if not terminal.is_tty:
        return Finding("explorer", "needs a terminal; this output is not one")
    if is_dumb(env):
        term = env.get("TERM") or "not set"
        mend = "set TERM to what your terminal is; `vaetui show @latest` prints digits without"
        return Finding("explorer", f"refuses to open, since TERM is {term}", "broken", mend)
    return Finding("explorer", f"opens, {terminal.columns} columns wide")


def _locale(env: Mapping[str, str], terminal: Terminal, is_asked: bool) -> Finding:
    says = _says(env, _LOCALE) or "none is set"
    if terminal.glyphs == "ascii" and not is_asked:
        mend = "`export LANG=C.UTF-8` (and no LC_ALL), or --glyphs half if it shows UTF-8 all the same"
        return Finding("locale", f"{says}: not UTF-8, so no block characters", "hint", mend)
    locale = next((env[name] for name in _LOCALE if env.get(name)), "")
    if terminal.glyphs != "ascii" and locale[:2].lower() in WIDE:
        found = f"{says}: its fonts may draw blocks two cells wide, see the test card"
        return Finding("locale", found, "hint", "--glyphs ascii where pictures are ragged")
    return Finding("locale", says)


# --- what stands between --------------------------------------------------------------------------------


def _wants_no_colour(terminal: Terminal) -> bool:
    """Return whether hints on colour are needless; in a pipe they are about the terminal around it."""
    return terminal.is_tty and terminal.depth == "none"


def _tmux(world: World, terminal: Terminal) -> list[Finding]:
    """Report whether tmux knows the colours of the terminal around it, else it reduces them to 256."""
    if _wants_no_colour(terminal):
        return []
    if world.env.get("TERM", "").lower().startswith("screen"):
        mend = "`set -g default-terminal tmux-256color` in ~/.tmux.conf"
        return [Finding(TMUX, "calls itself screen", "hint", mend)]
    answer = world.ask(("tmux", "display-message", "-p", "#{client_termfeatures}"), _TMUX_SECONDS)
    known = answer.output.strip().split(",") if answer and not answer.trouble else []
    if "RGB" in known:
        if terminal.depth == "256":
            mend = "`set-environment -g COLORTERM truecolor` in ~/.tmux.conf, or --colors truecolor"
            return [Finding(TMUX, "passes 16 million colours on, and 256 are used", "hint", mend)]
        return [Finding(TMUX, "passes 16 million colours on")]
    found = "passes 256 colours on" if known != [] else "passes 256 colours on, unless it is told of more"
    mend = (
        "if the terminal around it has more: `set -as terminal-features ',*:RGB'` in ~/.tmux.conf "
        "(before tmux 3.2 `set -as terminal-overrides ',*:Tc'`), and --colors truecolor"
    )
    if terminal.depth == "truecolor":
        mend += "; if not, --colors 256 spares bytes"
    return [Finding(TMUX, found, "hint", mend)]


def _screen(world: World, terminal: Terminal) -> list[Finding]:  # noqa: ARG001
    if _wants_no_colour(terminal):
        return []
    mend = "`term screen-256color` in ~/.screenrc; from version 5 on `truecolor on` and --colors truecolor"
    return [Finding(SCREEN, "passes 256 colours on, at most, before version 5", "hint", mend)]


def _mosh(world: World, terminal: Terminal) -> list[Finding]:  # noqa: ARG001
    if _wants_no_colour(terminal):
        return []
    if terminal.depth == "truecolor":
        found, mend = (
            "before 1.4 it drops what is beyond 256 colours",
            "--colors 256 where colours are missing",
        )
    else:
        found = "passes 16 million colours on from version 1.4, which cannot be seen from here"
        mend = "--colors truecolor, if `mosh --version` says so at both ends"
    return [Finding(MOSH, found, "hint", mend)]


def _ssh(world: World, terminal: Terminal) -> list[Finding]:
    mend = "`ssh -C` where the line is slow; on a fast one it only costs time"
    hints = [Finding(SSH, "whether it compresses cannot be seen from here", "hint", mend)]
    between = is_screen(world.env) or world.env.get("TMUX")
    if terminal.depth in ("256", "16") and not world.env.get("COLORTERM") and not between:
        mend = (
            "if your terminal has more colours: `SendEnv COLORTERM` in your ~/.ssh/config and `AcceptEnv "
            "COLORTERM` in this machine's sshd_config, or VAETUI_COLORS=truecolor here"
        )
        hints.append(Finding(SSH, "does not send COLORTERM by itself", "hint", mend))
    return hints


_HINTS: Mapping[str, Callable[[World, Terminal], list[Finding]]] = {
    TMUX: _tmux,
    SCREEN: _screen,
    MOSH: _mosh,
    SSH: _ssh,
}
