"""Check what happens to a training when its user logs out, under systemd.

logind ends what is left of a login session if KillUserProcesses is on; without lingering it also ends the
user's own service manager after the last session, and all that this has started.
"""

from __future__ import annotations

from dataclasses import dataclass

from vaetui.doctor.world import Finding, Section, World

SECONDS = 5.0
SCOPE = "systemd-run --user --scope"
_MANAGER = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


@dataclass(frozen=True)
class Rules:
    """The settings of logind; None where they are unknown."""

    kills: bool | None
    lingers: bool | None


def section(world: World) -> Section | None:
    """Report what happens to a training at logout; None without systemd, where nothing ends it."""
    if not (world.root / "run/systemd/system").is_dir():
        return None
    rules = Rules(_kills(world), _lingers(world))
    known = [
        Finding("kills", f"KillUserProcesses is {_word(rules.kills)}"),
        Finding("lingers", f"Linger is {_word(rules.lingers)}"),
    ]
    return Section("logging out", (*known, _verdict(rules, world.read("proc/self/cgroup"))))


def _verdict(rules: Rules, cgroup: str) -> Finding:
    if "/user@" in cgroup:
        if rules.lingers:
            return Finding("trainings", "go on after you log out")
        found = "may end after your last session does: this terminal belongs to your own service manager"
        return Finding("trainings", found, "hint", "`loginctl enable-linger`")
    if rules.kills is False:
        return Finding("trainings", "go on after you log out")
    may = "end" if rules.kills else "may end"
    mend = f"`loginctl enable-linger`, then `{SCOPE} tmux` and train inside it, or put {SCOPE} before vaetui"
    return Finding("trainings", f"{may} when you log out", "hint", mend)


def _kills(world: World) -> bool | None:
    """Return KillUserProcesses as logind has it, defaults included; else as its files say."""
    command = ("busctl", "get-property", *_MANAGER, "KillUserProcesses", "KillExcludeUsers")
    answer = world.ask(command, SECONDS)
    if answer and not answer.trouble:
        lines = answer.output.splitlines()
        spared = len(lines) > 1 and f'"{world.env.get("USER", "")}"' in lines[1]
        return lines[0].strip() == "b true" and not spared if lines else None
    found = None
    folder = world.root / "etc/systemd"
    drop_ins = sorted(path.name for path in (folder / "logind.conf.d").glob("*.conf"))
    for name in ("logind.conf", *(f"logind.conf.d/{name}" for name in drop_ins)):
        for line in world.read(f"etc/systemd/{name}").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "KillUserProcesses":
                found = value.strip().lower() in ("1", "yes", "true", "on")
    return found


def _lingers(world: World) -> bool | None:
    answer = world.ask(("loginctl", "show-user", str(world.uid), "--property=Linger"), SECONDS)
    return answer.output.strip() == "Linger=yes" if answer and not answer.trouble else None


def _word(is_so: bool | None) -> str:
    return "unknown" if is_so is None else ("yes" if is_so else "no")
