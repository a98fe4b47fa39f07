"""Turns the docstrings of params into descriptions when a form is drawn, and not before.

Pydantic can do it itself (`use_attribute_docstrings`), but while a class is made: for the shipped plugins that was a
tenth of the time that a hub takes to start.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args
from weakref import WeakSet

from pydantic import BaseModel

_described: WeakSet[type[BaseModel]] = WeakSet()


def describe(kind: type[BaseModel]) -> None:
    """Give each field that has a docstring, and no description yet, its docstring as its description."""
    if kind in _described:
        return
    _described.add(kind)
    for inner in _models_in([field.annotation for field in kind.model_fields.values()]):
        describe(inner)
    texts = {name: text for one in reversed(kind.__mro__) if one in _ours(kind) for name, text in _texts(one)}
    for name, field in kind.model_fields.items():
        if field.description is None:
            field.description = texts.get(name)
    kind.model_rebuild(force=True)


def _ours(kind: type[BaseModel]) -> set[type]:
    return {one for one in kind.__mro__ if issubclass(one, BaseModel) and one is not BaseModel}


def _texts(kind: type) -> Iterator[tuple[str, str]]:
    """Return (field, docstring) of what a class itself declares; nothing where its source is not at hand."""
    try:
        source = inspect.getsource(kind)
    except (OSError, TypeError):
        return
    body = getattr(ast.parse(textwrap.dedent(source)).body[0], "body", [])
    for declared, said in pairwise(body):
        match declared, said:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)


def _models_in(annotations: list[Any]) -> Iterator[type[BaseModel]]:
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield annotation
        else:
            yield from _models_in(list(get_args(annotation)))
