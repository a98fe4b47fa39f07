"""Finds the docstrings below the members of classes, for descriptions that are made when somebody asks for them.

Pydantic can do it itself (`use_attribute_docstrings`), but while a class is made: for the params of the shipped plugins
that was a tenth of the time that a hub takes to start, and for the shapes of the API half a second of its description,
since it looks each class up by parsing the whole of its module.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
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
    texts = texts_of(kind)
    for name, field in kind.model_fields.items():
        if field.description is None:
            field.description = texts.get(name)
    kind.model_rebuild(force=True)


def texts_of(kind: type) -> dict[str, str]:
    """Return the docstrings of a class by member, with those of the classes that it is made from.

    Empty where no source is at hand. A `TypedDict` does not derive from those that it is made from, but names them.
    """
    found: dict[str, str] = {}
    for base in getattr(kind, "__orig_bases__", ()) if kind.__mro__[1:] == (dict, object) else kind.__mro__[:0:-1]:
        if isinstance(base, type) and base.__module__ not in _FOREIGN:
            found |= texts_of(base)
    return found | _of_module(kind.__module__).get(kind.__qualname__, {})


_FOREIGN = frozenset({"builtins", "typing", "typing_extensions", "pydantic.main"})


@cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of each class of a module, by the class's qualified name."""
    try:
        source = inspect.getsource(sys.modules[name])
    except (KeyError, OSError, TypeError):
        return {}
    return dict(_classes(ast.parse(source), ""))


def _classes(parent: ast.AST, prefix: str) -> Iterator[tuple[str, dict[str, str]]]:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.ClassDef):
            yield f"{prefix}{node.name}", dict(_texts(node.body))
            yield from _classes(node, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _classes(node, f"{prefix}{node.name}.<locals>.")
        else:
            yield from _classes(node, prefix)


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
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
