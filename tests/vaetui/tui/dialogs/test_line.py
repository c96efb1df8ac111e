"""An editable line of text."""

import pytest

from vaetui.tui.dialogs.line import EditableText


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("5", "5", 1),
        ("end , 5", "2,10,5", 6),
        ("home 1", "12,10", 1),
        ("left left delete", "2,0", 2),
        ("left backspace", "2,0", 2),
        ("backspace", "", 0),
        ("left ctrl+u", "0", 0),
        ("home right ctrl+k", "2", 1),
        ("end ctrl+w", "2,", 2),
        ("right right ctrl+e left", "2,10", 3),
    ],
)
def test_a_line_is_edited_as_lines_are(keys: str, text: str, cursor: int) -> None:
    line = EditableText("2,10", 4, is_fresh=True)
    for key in keys.split():
        line = line.after_key(key) or line.inserted(key)
    assert (line.text, line.cursor) == (text, cursor)


def test_keys_that_edit_nothing_are_left_to_others() -> None:
    assert [EditableText("a").after_key(key) for key in ("up", "enter", "escape", "tab", "f1")] == [None] * 5
