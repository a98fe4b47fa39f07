"""The state of the models between two operations of a migration, made into classes only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

Name = tuple[str, str]
"""An app and a model of it."""


class LateState(State):
    """Tortoise makes most classes anew for each operation; few operations look at more than one of them.

    Making them takes more time than all statements of the history together.
    """

    def __init__(self, models: dict[Name, ModelState], apps: StateApps) -> None:
        self.models = models
        self._begun = apps
        self._asked: dict[Name, type[Model]] = {}

    @property
    def apps(self) -> StateApps:  # type: ignore[override]  # a plain attribute there
        """What makes the classes that somebody asks for."""
        return cast("StateApps", _Late(self))

    def split(self, reference: str | type[Model]) -> Name:
        """Return the app and the name of a model that a field refers to."""
        return self._begun.split_reference(reference)

    def make(self, names: Iterable[Name]) -> StateApps:
        """Make the classes of these models, and no others."""
        # Classes write into the fields that they are made of; other states have the same ones.
        return self._begun.clone(model_states={name: self.models[name].clone() for name in names})

    def one(self, name: Name) -> type[Model]:
        """Return the class of a model, made with those alone that it refers to. Raises `KeyError`."""
        if name not in self._asked:
            self._asked[name] = self.make(self._reached(name)).get_model(*name)
        return self._asked[name]

    def forget(self) -> None:
        """Let classes be made anew, now that the models have changed."""
        self._asked.clear()

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Let the class of a changed model be made anew when it is asked for."""
        if (app_label, model_name) not in self.models:
            raise LookupError(f"Model state {app_label}.{model_name} is unknown")
        self.forget()

    def reload_models(self, model_tuples: Iterable[Name]) -> None:
        """Do so for several."""
        self.forget()

    def validate_relations_initialized(self) -> None:
        """Refuse a history that leaves a model without one that it refers to."""
        broken = sorted(name for name in self.models if self._references(name) - self.models.keys())
        if broken:
            raise RuntimeError(f"These models refer to others that no migration makes: {broken}.")

    def clone(self) -> State:
        """Return a copy that changes of this state do not reach."""
        models = {
            # Operations put other fields into the place of old ones, and change none.
            name: replace(model, options=dict(model.options), fields=dict(model.fields))
            for name, model in self.models.items()
        }
        return LateState(models, self._begun)

    def _reached(self, name: Name) -> list[Name]:
        found, waiting = [name], [name]
        while waiting:
            new = (self._references(waiting.pop()) & self.models.keys()) - set(found)
            found.extend(new)
            waiting.extend(new)
        return found

    def _references(self, name: Name) -> set[Name]:
        fields = self.models[name].fields.values()
        relations = (field for field in fields if isinstance(field, (ForeignKeyFieldInstance, ManyToManyFieldInstance)))
        return {self.split(field.model_name) for field in relations}


class _Late:
    """Stands for the classes: operations take references apart without looking at any, and look at one or two."""

    def __init__(self, state: LateState) -> None:
        self._state = state

    def split_reference(self, reference: str | type[Model]) -> Name:
        return self._state.split(reference)

    def get_model(self, app_label: str, model_name: str | None = None) -> type[Model]:
        return self._state.one(self.split_reference(app_label) if model_name is None else (app_label, model_name))

    def unregister_model(self, app_label: str, model_name: str) -> None:
        self._state.forget()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state.make(self._state.models), name)
