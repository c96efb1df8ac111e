"""The command palette: commands found by the words that people type for them."""

from __future__ import annotations

import re

from textual.app import SystemCommand
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from vaetui.tui.screen.closes_once import ClosesOnce

# Scores of a typed word: it is a word of the title, of the help line, or begins one of either.
_TITLE, _HELP, _TITLE_BEGINS, _HELP_BEGINS = 1.0, 0.9, 0.8, 0.6
_ELSEWHERE = 0.5  # of commands that are not listed before something is typed
_SIMILAR = 0.1  # of commands that have all typed letters in their order, where no words match


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's command palette, closing once; the order of the bases keeps its style sheet."""


class CommandSearch(Provider):
    """The app's commands; what is typed is compared with the words of their titles and help lines."""

    async def discover(self) -> Hits:
        """Yield the commands of the current view and of every view, in the order of the key table."""
        for command in self.app.get_system_commands(self.screen):
            if command.discover:
                yield DiscoveryHit(command.title, command.callback, help=command.help)

    async def search(self, query: str) -> Hits:
        """Yield the commands that have all words of `query`, else those with similar titles."""
        commands = list(self.app.get_system_commands(self.screen))
        matcher = self.matcher(query)
        scores = [match(query, command) for command in commands]
        if not any(scores):
            scores = [_SIMILAR * matcher.match(command.title) for command in commands]
        for score, command in zip(scores, commands, strict=True):
            if score > 0:
                yield Hit(score, command.title, command.callback, help=command.help)


def match(query: str, command: SystemCommand) -> float:
    """Return in 0…1 how well a command matches typed words, 0 where it lacks one of them."""
    title, words = _words(command.title), _words(command.help)
    scores = [_match(word, title, words) for word in _words(query)]
    listed = 1.0 if command.discover else _ELSEWHERE
    return listed * sum(scores) / len(scores) if scores and all(scores) else 0.0


def _match(word: str, title: list[str], words: list[str]) -> float:
    found = (
        (_TITLE, word in title),
        (_HELP, word in words),
        (_TITLE_BEGINS, any(each.startswith(word) for each in title)),
        (_HELP_BEGINS, any(each.startswith(word) for each in words)),
    )
    return next((score for score, holds in found if holds), 0.0)


def _words(text: str) -> list[str]:
    """Return the words of a text, and its signs one by one."""
    return re.findall(r"\w+|[^\w\s]", text.casefold())
