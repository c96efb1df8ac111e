"""Options of a command from the table of training settings."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from typing import Annotated, Any

from vaetui.cli.options import setting
from vaetui.settings import SETTINGS


def takes_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Put an option for every setting before those of `command`, which gets their texts as `texts`."""
    own = [
        parameter.replace(kind=Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(command, eval_str=True).parameters.values()
        if parameter.name != "texts"
    ]
    parameters = {option: parameter_name(option) for option in SETTINGS}
    options = [
        Parameter(
            name,
            Parameter.KEYWORD_ONLY,
            default=SETTINGS[option].default,
            annotation=Annotated[str, setting(option)],
        )
        for option, name in parameters.items()
    ]

    @functools.wraps(command)
    def run(**given: Any) -> int:
        texts = {option: given.pop(name) for option, name in parameters.items()}
        return command(texts=texts, **given)

    run.__signature__ = inspect.Signature([*options, *own], return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in [*options, *own]}
    return run


def parameter_name(option: str) -> str:
    """Return the name of an option's parameter, such as "batch_size"."""
    return option.replace("-", "_")
