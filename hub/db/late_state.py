"""The state of the models between two operations of a migration, made into classes only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from tortoise.migrations.schema_generator.state import ModelState, State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model


class LateState(State):
    """Tortoise copies the state before each operation; few operations look at the classes of that copy.

    Making them takes more time than all statements of the history together.
    """

    def __init__(self, models: dict[tuple[str, str], ModelState], apps: StateApps, *, made: bool = True) -> None:
        self.models = models
        self._apps = apps
        self._made = made

    @property
    def apps(self) -> StateApps:  # type: ignore[override]  # a plain attribute there
        """The classes, or what stands for them until somebody asks for one."""
        return self._apps if self._made else cast("StateApps", _NotYet(self))

    def split(self, reference: str | type[Model]) -> tuple[str, str]:
        """Return the app and the name of a model that a field refers to."""
        return self._apps.split_reference(reference)

    def make(self) -> StateApps:
        """Make the classes, unless they are there."""
        if not self._made:
            self._apps, self._made = self._apps.clone(model_states=self.models), True
        return self._apps

    def reload_model(self, app_label: str, model_name: str) -> None:
        """Make the class of a changed model anew; where there are none yet, there is nothing to make anew."""
        if self._made:
            super().reload_model(app_label, model_name)

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        """Do so for several."""
        if self._made:
            super().reload_models(model_tuples)

    def validate_relations_initialized(self) -> None:
        """Check the classes, where there are any."""
        if self._made:
            super().validate_relations_initialized()

    def clone(self) -> State:
        """Return a copy that changes of this state do not reach."""
        models = {key: model.clone() for key, model in self.models.items()}
        return LateState(models, self._apps, made=False)


class _NotYet:
    """Stands for classes that nobody has asked for: operations take references apart without looking at any."""

    def __init__(self, state: LateState) -> None:
        self._state = state

    def split_reference(self, reference: str | type[Model]) -> tuple[str, str]:
        return self._state.split(reference)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state.make(), name)
