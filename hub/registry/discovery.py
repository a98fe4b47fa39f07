"""Finding plugins and taking in those that fit; each is imported alone, so that none can spoil the start."""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import Any, Final

import pluggy

import hub
from hub.plugin import spec
from hub.registry.ledger import Ledger, shorten

HUB_DISTRIBUTION: Final = "automation-hub"
HOOKS: Final = tuple(name for name in vars(spec) if name.startswith("hub_"))

_PLUGIN_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)


class Unfit(Exception):
    """The plugin cannot be taken in; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Implementation:
    """One function of one plugin that answers a hook. It takes only the arguments that it names."""

    hook: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, given: Mapping[str, Any]) -> Any:
        return self.function(*(given[name] for name in self.arguments))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A plugin that was found, before anybody knows whether it works."""

    name: str
    distribution: str
    version: str
    summary: str
    open: Callable[[], object]
    """Imports it."""
    builtin: bool = False
    double: bool = False
    """Another plugin has its name already."""

    @property
    def key(self) -> str:
        """Name that no other plugin has, under which its problems are noted."""
        return f"{self.name} ({self.distribution})" if self.double else self.name

    @property
    def source(self) -> str:
        """Name the distribution and its version, for sentences."""
        return f"{self.distribution} {self.version}".strip()

    @property
    def answers_to(self) -> set[str]:
        """Names by which the settings may turn it off; those of the hub itself are no such name."""
        return {plain(self.name)} | (set() if self.builtin else {plain(self.distribution)})


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin and what became of it: it has implementations, or a reason why it is off."""

    candidate: Candidate
    implementations: tuple[Implementation, ...] = ()
    off: str = ""
    unwanted: bool = False
    """Off because the settings say so, which is no problem."""
    warnings: tuple[str, ...] = ()


def discover(group: str, builtin: Sequence[ModuleType], off: Collection[str], ledger: Ledger) -> list[Found]:
    """Find every plugin and take in what fits: built-in ones first, then by distribution and name."""
    candidates = [_built_in(module) for module in builtin]
    candidates += sorted(_installed(group, ledger), key=lambda each: (each.distribution.lower(), each.name))
    unwanted = {plain(name) for name in off}
    found: list[Found] = []
    owners: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.answers_to & unwanted:
            found.append(Found(candidate, off="Turned off by the setting HUB_PLUGINS_OFF.", unwanted=True))
            continue
        first = owners.setdefault(candidate.name, candidate)
        if first is candidate:
            found.append(_take_in(candidate))
        else:
            found.append(Found(replace(candidate, double=True), off=_taken(first, candidate)))
    _note_strangers(off, candidates, ledger)
    return found


def plain(name: str) -> str:
    """Return a distribution's name as the package index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _taken(first: Candidate, second: Candidate) -> str:
    return (
        f"Both {first.source} and {second.source} bring a plugin named {first.name}, "
        f"and {first.distribution} keeps the name."
    )


def _note_strangers(off: Collection[str], candidates: Sequence[Candidate], ledger: Ledger) -> None:
    known = {name for each in candidates for name in each.answers_to}
    for name in sorted(off):
        if plain(name) not in known:
            ledger.note("", f"HUB_PLUGINS_OFF names {name}, but no plugin of that name is installed.")


def _built_in(module: ModuleType) -> Candidate:
    summary = (inspect.getdoc(module) or "").partition("\n")[0]
    name = module.__name__.rpartition(".")[2]
    return Candidate(name, HUB_DISTRIBUTION, hub.__version__, summary, lambda: module, builtin=True)


def _installed(group: str, ledger: Ledger) -> Iterator[Candidate]:
    seen: set[str] = set()
    for distribution in distributions():
        try:
            entries = [entry for entry in distribution.entry_points if entry.group == group]
            if not entries:
                continue
            metadata = distribution.metadata
            if "Name" not in metadata or "Version" not in metadata:
                raise ValueError("it names no package and no version")  # noqa: TRY301 - told like the rest
            name, version = str(metadata["Name"]), str(metadata["Version"])
            summary = metadata["Summary"] if "Summary" in metadata else ""  # noqa: SIM401 - no `get` before Python 3.12
        except Exception as error:  # noqa: BLE001 - metadata of strangers; one broken package must not hide the others
            _note_unreadable(distribution, group, error, ledger)
            continue
        # A package can be on the path twice; Python imports the first, so the first counts.
        if plain(name) not in seen:
            seen.add(plain(name))
            for entry in entries:
                yield Candidate(entry.name, name, version, summary, _opener(entry))


def _opener(entry: EntryPoint) -> Callable[[], object]:
    return entry.load


def _note_unreadable(distribution: Distribution, group: str, error: Exception, ledger: Ledger) -> None:
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except Exception:  # noqa: BLE001 - metadata of strangers; nothing says that it is a plugin
        return
    if f"[{group}]" in text:
        place = getattr(distribution, "_path", "an installed package")
        ledger.note("", f"The metadata of {place} cannot be read, so its plugin is off: {_told(error)}")


def _told(error: BaseException) -> str:
    return shorten(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, 300)


def _take_in(candidate: Candidate) -> Found:
    try:
        module = _import(candidate)
        _fence(module)
        implementations = _implementations(candidate, module)
    except Unfit as reason:
        return Found(candidate, off=str(reason))
    return Found(candidate, implementations, warnings=tuple(_unmarked(module)))


def _import(candidate: Candidate) -> ModuleType:
    if not _PLUGIN_NAME.fullmatch(candidate.name):
        raise Unfit("Its entry point needs a name of lower-case letters, digits, '-' and '_'.")
    try:
        module = candidate.open()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Unfit(f"It could not be imported: {_told(error)}") from error
    if not isinstance(module, ModuleType):
        raise Unfit("Its entry point must name a module, such as hub_example, and nothing inside it.")
    return module


def _fence(module: ModuleType) -> None:
    spoken = vars(module).get("HUB_API")
    ours = spec.API_VERSION
    if spoken is None:
        raise Unfit(f"It does not say which plugin API it speaks; put HUB_API = {ours} into {module.__name__}.")
    if type(spoken) is not int or spoken != ours:
        told = shorten(repr(spoken), 40)
        raise Unfit(f"It speaks plugin API {told} and this hub speaks {ours}; install a version made for this hub.")


def _implementations(candidate: Candidate, module: ModuleType) -> tuple[Implementation, ...]:
    # A manager of its own for each plugin: what pluggy finds wrong then concerns this one alone.
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    try:
        manager.register(module, candidate.name)
        callers = manager.get_hookcallers(module) or []
        _refuse_unknown(callers)
        manager.check_pending()
        found = [(caller.name, each) for caller in callers if caller.has_spec() for each in caller.get_hookimpls()]
    except Unfit:
        raise
    except pluggy.PluginValidationError as error:
        raise Unfit(f"One of its hooks does not fit: {_validation(error)}") from error
    except Exception as error:
        raise Unfit(f"Its hooks could not be read: {_told(error)}") from error
    for hook, each in found:
        _refuse_special(hook, each)
    return tuple(Implementation(hook, each.function, tuple(each.argnames)) for hook, each in found)


def _refuse_unknown(callers: Sequence[Any]) -> None:
    for caller in callers:
        optional = all(each.optionalhook for each in caller.get_hookimpls())
        if not caller.has_spec() and not optional:
            near = difflib.get_close_matches(caller.name, HOOKS, n=1)
            hint = f"did you mean {near[0]}?" if near else "see docs/plugins.md for those that there are."
            raise Unfit(f"It implements {caller.name}, which is no hook of this hub; {hint}")


def _refuse_special(hook: str, implementation: Any) -> None:
    if implementation.hookwrapper or implementation.wrapper:
        raise Unfit(f"Its {hook} is a wrapper; the hub calls each plugin alone, so there is nothing to wrap.")
    if inspect.iscoroutinefunction(implementation.function) or inspect.isasyncgenfunction(implementation.function):
        raise Unfit(
            f"Its {hook} is async; hooks are plain functions, and async work belongs into the objects they return."
        )


def _validation(error: pluggy.PluginValidationError) -> str:
    # pluggy words it over several lines and names the plugin, which the page does already.
    return shorten(str(error).partition("\n")[2] or str(error), 300)


def _unmarked(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        if name in HOOKS and inspect.isfunction(value) and not hasattr(value, f"{spec.PROJECT}_impl"):
            yield f"{name} is defined but not marked with @hookimpl, so it is never called."
