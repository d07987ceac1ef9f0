"""Find a service's factory and build its app, with one sentence for each way that can go wrong."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from labs.errors import UserError
from labs.service.asgi import Application

__all__ = ["FactoryError", "build_app", "check_factory", "load_factory", "missing_variable"]

Factory = Callable[[], Any]  # Any: what a learner's factory returns is looked at in `build_app`


class FactoryError(UserError):
    """What was named as a factory can't be imported, is not a factory, or does not return an ASGI app."""


def load_factory(reference: str) -> Factory:
    """Import `module:factory` or `path/to/file.py:factory` (default factory: `create_app`).

    Raises FactoryError with a sentence for a learner; NotImplementedError passes through.
    """
    target, _, name = reference.rpartition(":") if ":" in reference[2:] else (reference, "", "")
    target, name = target or reference, name or "create_app"
    if not target.endswith(".py") and not all(part.isidentifier() for part in target.split(".")):
        raise FactoryError(
            f"{reference!r} is not the name of a factory: "
            "write `package.module:create_app` or `path/to/app.py:create_app`."
        )
    module = _import_file(Path(target)) if target.endswith(".py") else _import_module(target)
    if not hasattr(module, name):
        raise FactoryError(f"{target} has no `{name}`: name the factory, as in `{target}:create_app`.")
    factory: Factory = getattr(module, name)
    check_factory(factory, name)
    return factory


def check_factory(factory: object, name: str = "create_app") -> None:
    """Raise FactoryError unless `factory` can be called without arguments."""
    if _looks_like_app(factory):
        raise FactoryError(
            f"`{name}` is an app, not a factory: write `def {name}(): ...` that builds the app and returns it, "
            "so that each run gets a fresh one."
        )
    if not callable(factory):
        kind = type(factory).__name__
        raise FactoryError(
            f"`{name}` is not a factory but {_article(kind)} {kind}: write `def {name}(): ...` that returns the app."
        )
    try:
        inspect.signature(factory).bind()
    except TypeError:
        raise FactoryError(
            f"`{name}` asks for arguments: a factory takes none; read what it needs from the environment."
        ) from None
    except ValueError:  # some built-ins have no signature
        pass


def build_app(factory: Factory) -> Application:
    """Call the factory and check that what it returns is an ASGI app. Raises what the factory raises."""
    name = getattr(factory, "__name__", "create_app")
    app: Application = factory()
    if inspect.iscoroutine(app):
        app.close()
        raise FactoryError(f"`{name}` is `async def`: make it a plain `def` that returns the app.")
    if app is None:
        raise FactoryError(f"`{name}` returned None: it has to end with `return app`.")
    if not _looks_like_app(app):
        kind = type(app).__name__
        raise FactoryError(
            f"`{name}` returned {_article(kind)} {kind}, which is not an ASGI app: "
            "return the FastAPI (or other ASGI) app."
        )
    return app


def missing_variable(error: BaseException) -> str | None:
    """The name of the environment variable whose absence raised `error`; None for any other error."""
    if not isinstance(error, KeyError) or error.__traceback__ is None:
        return None
    raised_in = traceback.extract_tb(error.__traceback__)[-1].filename
    return str(error.args[0]) if raised_in in ("<frozen os>", os.__file__) else None


def _looks_like_app(value: object) -> bool:
    if inspect.isclass(value) or not callable(value):
        return False
    call = value if inspect.isroutine(value) else type(value).__call__
    try:
        parameters = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return False
    expected = 3 if inspect.isfunction(value) or inspect.ismethod(value) or inspect.isbuiltin(value) else 4
    positional = [p for p in parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p for p in positional if p.default is p.empty]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters.values())
    return len(required) == expected or (variadic and inspect.iscoroutinefunction(call))


def _article(word: str) -> str:
    return "an" if word[:1].lower() in "aeiou" else "a"


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FactoryError(f"There is no file {path}: check the path, relative to {Path.cwd()}.")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = f"labs_app_{path.stem}"  # never shadows a module of the same name
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    loader = spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _guarded(lambda: loader.exec_module(module), str(path))
    return module


def _import_module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    _guarded(lambda: importlib.import_module(name), name)
    return sys.modules[name]


def _guarded(run: Callable[[], ModuleType | None], where: str) -> ModuleType | None:
    try:
        return run()
    except NotImplementedError:
        raise
    except SyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else "somewhere"
        raise FactoryError(f"{where} has a syntax error in {place}: {error.msg}.") from None
    except ModuleNotFoundError as error:
        raise FactoryError(f"Importing {where} failed: there is no module named {error.name!r}.") from None
    except SystemExit as error:
        raise FactoryError(f"Importing {where} ended the process with sys.exit({error.code!r}).") from None
    except Exception as error:
        if (variable := missing_variable(error)) is not None:
            raise FactoryError(f"Importing {where} failed: the environment variable {variable} is missing.") from None
        raise FactoryError(f"Importing {where} failed: {type(error).__name__}: {error}") from None
