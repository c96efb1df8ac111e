"""The log of messages."""

import time

from vaetui.tui.state.notice import MOST_LOGGED, MessageLog, Notice


def test_the_log_keeps_the_last_messages_with_their_times() -> None:
    log, begun = MessageLog(), time.time()
    for number in range(MOST_LOGGED + 5):
        log.add(Notice(f"message {number}"))
    sentences = [entry.notice.sentence for entry in log.entries]
    assert sentences == [f"message {number}" for number in range(5, MOST_LOGGED + 5)]
    assert all(begun <= entry.at <= time.time() for entry in log.entries)


def test_a_problem_that_lasts_is_logged_once() -> None:
    log = MessageLog()
    for problems in (["a is damaged"], ["a is damaged", "b is damaged"], [], ["a is damaged"]):
        log.add_problems(problems)
    assert [entry.notice for entry in log.entries] == [
        Notice("a is damaged", is_trouble=True),
        Notice("b is damaged", is_trouble=True),
    ]
