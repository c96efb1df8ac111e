"""Check what happens to a training when its user logs out, under systemd.

logind ends the remaining processes of a login session if KillUserProcesses is on; without lingering it also
ends the user's own service manager after the last session, and all processes that this has started.
"""

from __future__ import annotations

import re

from vaetui.doctor.world import Finding, Section, World

SECONDS = 5.0
_WORDS = {True: "yes", False: "no", None: "unknown"}
SCOPE = "systemd-run --user --scope"
_MANAGER = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


def section(world: World) -> Section | None:
    """Report what happens to a training at logout; None without systemd, where nothing ends it."""
    if not (world.root / "run/systemd/system").is_dir():
        return None
    kills, lingers = _kills(world), _lingers(world)
    settings = [
        Finding("kills", f"KillUserProcesses is {_WORDS[kills]}"),
        Finding("lingers", f"Linger is {_WORDS[lingers]}"),
    ]
    return Section("logging out", (*settings, _effect(kills, lingers, world.read("proc/self/cgroup"))))


def _effect(kills: bool | None, lingers: bool | None, cgroup: str) -> Finding:
    """Report the effect of a logout under these settings, None where they are unknown."""
    is_in_manager = "/user@" in cgroup
    if lingers if is_in_manager else kills is False:
        return Finding("trainings", "go on after you log out")
    if is_in_manager:
        text = "may end after your last session does: this terminal belongs to your own service manager"
        return Finding("trainings", text, "hint", "`loginctl enable-linger`")
    may = "end" if kills else "may end"
    mend = f"`loginctl enable-linger`, then `{SCOPE} tmux` and train inside it, or put {SCOPE} before vaetui"
    return Finding("trainings", f"{may} when you log out", "hint", mend)


def _kills(world: World) -> bool | None:
    """Return KillUserProcesses from logind, defaults included; else from its files, None if unknown."""
    command = ("busctl", "get-property", *_MANAGER, "KillUserProcesses", "KillExcludeUsers")
    answer = world.run(command, SECONDS)
    if answer and not answer.trouble:
        lines = answer.output.splitlines()
        is_excluded = len(lines) > 1 and f'"{world.env.get("USER", "")}"' in lines[1]
        return lines[0].strip() == "b true" and not is_excluded if lines else None
    folder = world.root / "etc/systemd"
    files = [folder / "logind.conf", *sorted((folder / "logind.conf.d").glob("*.conf"))]
    texts = [world.read(str(file.relative_to(world.root))) for file in files]
    values = re.findall(r"^[ \t]*KillUserProcesses[ \t]*=(.*)$", "\n".join(texts), re.MULTILINE)
    return values[-1].strip().lower() in ("1", "yes", "true", "on") if values else None


def _lingers(world: World) -> bool | None:
    answer = world.run(("loginctl", "show-user", str(world.uid), "--property=Linger"), SECONDS)
    return answer.output.strip() == "Linger=yes" if answer and not answer.trouble else None
