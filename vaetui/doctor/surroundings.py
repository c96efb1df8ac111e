"""Check how the terminal was detected, and what is between it and this process."""

from __future__ import annotations

from collections.abc import Mapping

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

_TERM = ("TERM", "COLORTERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "NO_COLOR", "FORCE_COLOR", "WT_SESSION")
_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
_VARIABLES = {TMUX: ("TMUX",), SCREEN: ("STY",), MOSH: (), SSH: ("SSH_CONNECTION", "SSH_TTY")}
_PROCESSES = {TMUX: "tmux", SCREEN: "screen", MOSH: "mosh-server", SSH: "sshd"}
_TMUX_SECONDS = 5.0


def layers(world: World) -> dict[str, str]:
    """Return what is between this process and the user's terminal, and by what each was recognised."""
    ancestors = [name.lower() for name in world.ancestors()]
    names: dict[str, str] = {}
    for name, variables in _VARIABLES.items():
        variable = next(filter(world.env.get, variables), None)
        process = next((one for one in ancestors if one.startswith(_PROCESSES[name])), None)
        if variable or process:
            names[name] = f"${variable}" if variable else f"the process {clean(process or '')}"
    if world.env.get("TERM", "").lower().startswith("tmux"):
        names.setdefault(TMUX, "TERM")
    if is_screen(world.env):
        names.setdefault(SCREEN, "TERM")
    if MOSH in names:  # it was started through SSH, which has ended
        names.pop(SSH, None)
    return names


def section(world: World, terminal: Terminal, *, is_requested: bool) -> Section:
    """Report on the terminal; `is_requested`: its characters were requested by name, not chosen by locale."""
    between = layers(world)
    findings = [
        Finding("variables", _values(world.env, _TERM) or "nothing"),
        Finding("detected", _detected(terminal)),
        Finding("reason", terminal.reason),
        Finding("layers", ", ".join(f"{name} (by {by})" for name, by in between.items()) or "nothing seen"),
        _explorer(world.env, terminal),
        _locale(world.env, terminal, is_requested),
        *(hint for name in between for hint in _hints(name, world, terminal)),
    ]
    return Section("terminal", tuple(findings))


def _detected(terminal: Terminal) -> str:
    if terminal.depth == "none" and terminal.glyphs == "half":
        return f"{COLOURS['none']}, so {CHARACTERS['ascii']} in pictures"
    ground = f" on a {terminal.background} background" if terminal.depth != "none" else ""
    return f"{COLOURS[terminal.depth]}{ground}, {CHARACTERS[terminal.glyphs]}"


def _values(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return ", ".join(f"{name}={clean(env[name], 40)}" for name in names if env.get(name))


def _explorer(env: Mapping[str, str], terminal: Terminal) -> Finding:
    if not terminal.is_tty:
        return Finding("explorer", "needs a terminal; this output is not one")
    if is_dumb(env):
        term = env.get("TERM") or "not set"
        mend = "set TERM to what your terminal is; `vaetui show @latest` prints images without"
        return Finding("explorer", f"refuses to open, since TERM is {term}", "broken", mend)
    return Finding("explorer", f"opens, {terminal.columns} columns wide")


def _locale(env: Mapping[str, str], terminal: Terminal, is_requested: bool) -> Finding:
    values = _values(env, _LOCALE) or "none is set"
    if terminal.glyphs == "ascii" and not is_requested:
        mend = "`export LANG=C.UTF-8` (and no LC_ALL), or --glyphs half if it shows UTF-8 all the same"
        return Finding("locale", f"{values}: not UTF-8, so no block characters", "hint", mend)
    locale = next((env[name] for name in _LOCALE if env.get(name)), "")
    if terminal.glyphs != "ascii" and locale[:2].lower() in WIDE:
        text = f"{values}: its fonts may draw blocks two cells wide, see the test card"
        return Finding("locale", text, "hint", "--glyphs ascii where pictures are ragged")
    return Finding("locale", values)


def _hints(name: str, world: World, terminal: Terminal) -> list[Finding]:
    """Report what a layer may do to colours, and to speed."""
    if name == SSH:
        return _ssh(world.env, terminal)
    if terminal.is_tty and terminal.depth == "none":  # a pipe has none, but the terminal around it may
        return []
    if name == TMUX:
        return [_tmux(world, terminal)]
    if name == MOSH:
        return [_mosh(terminal)]
    mend = "`term screen-256color` in ~/.screenrc; from version 5 on `truecolor on` and --colors truecolor"
    return [Finding(SCREEN, "passes 256 colours on, at most, before version 5", "hint", mend)]


def _tmux(world: World, terminal: Terminal) -> Finding:
    """Report whether tmux knows the colours of the terminal around it, else it reduces them to 256."""
    if world.env.get("TERM", "").lower().startswith("screen"):
        mend = "`set -g default-terminal tmux-256color` in ~/.tmux.conf"
        return Finding(TMUX, "calls itself screen", "hint", mend)
    answer = world.run(("tmux", "display-message", "-p", "#{client_termfeatures}"), _TMUX_SECONDS)
    features = answer.output.strip().split(",") if answer and not answer.trouble else []
    if "RGB" in features:
        if terminal.depth == "256":
            mend = "`set-environment -g COLORTERM truecolor` in ~/.tmux.conf, or --colors truecolor"
            return Finding(TMUX, "passes 16 million colours on, and 256 are used", "hint", mend)
        return Finding(TMUX, "passes 16 million colours on")
    text = "passes 256 colours on" if features else "passes 256 colours on, more only if configured"
    mend = (
        "if the terminal around it has more: `set -as terminal-features ',*:RGB'` in ~/.tmux.conf "
        "(before tmux 3.2 `set -as terminal-overrides ',*:Tc'`), and --colors truecolor"
    )
    if terminal.depth == "truecolor":
        mend += "; if not, --colors 256 spares bytes"
    return Finding(TMUX, text, "hint", mend)


def _mosh(terminal: Terminal) -> Finding:
    if terminal.depth == "truecolor":
        text = "before 1.4 it drops what is beyond 256 colours"
        return Finding(MOSH, text, "hint", "--colors 256 where colours are missing")
    text = "passes 16 million colours on from version 1.4, which cannot be seen from here"
    return Finding(MOSH, text, "hint", "--colors truecolor, if `mosh --version` says so at both ends")


def _ssh(env: Mapping[str, str], terminal: Terminal) -> list[Finding]:
    mend = "`ssh -C` where the line is slow; on a fast one it only costs time"
    hints = [Finding(SSH, "whether it compresses cannot be seen from here", "hint", mend)]
    is_reduced = terminal.depth in ("256", "16") and not env.get("COLORTERM")
    if is_reduced and not (is_screen(env) or env.get("TMUX")):
        mend = (
            "if your terminal has more colours: `SendEnv COLORTERM` in your ~/.ssh/config and `AcceptEnv "
            "COLORTERM` in this machine's sshd_config, or VAETUI_COLORS=truecolor here"
        )
        hints.append(Finding(SSH, "does not send COLORTERM by itself", "hint", mend))
    return hints
