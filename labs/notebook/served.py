"""The learner's service in the notebook: `service = lab.serve(create_app)`, and what `service.get(…)` shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labs.errors import UserError
from labs.judge.client import Request, Response, exchange
from labs.judge.verdict import Exchange
from labs.notebook.live import somebody_watches
from labs.service.factory import Factory
from labs.service.host import StartFailed, Unimplemented
from labs.service.runner import Runner
from labs.views.exchange import ExchangeView

__all__ = ["Served", "ServedResponse"]

Headers = Mapping[str, str] | None


class Served:
    """The learner's service, running in this kernel: send it requests, look at its log."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.url = ""
        self.problem = "The service is not running: run the cell with `lab.serve(create_app)`."

    def start(self, factory: Factory, env: Mapping[str, str]) -> None:
        """(Re)start with this factory; a sentence in `problem` when it does not start."""
        self.runner.factory = factory
        try:
            self.url = self.runner.start(dict(env))
            self.problem = ""
        except Unimplemented as error:
            self._not_running(
                f"Not running yet: `{error}` still raises NotImplementedError. Write it, then serve again."
            )
        except (StartFailed, UserError) as error:
            self._not_running(str(error))

    def _not_running(self, problem: str) -> None:
        self.url, self.problem = "", problem

    @property
    def log(self) -> list[str]:
        """Every line that the service has written since it was started."""
        return self.runner.stream.lines

    def request(self, method: str, path: str, json: Any = None, headers: Headers = None) -> ServedResponse:
        """Send one request, with a JSON body if one is given; the response shows itself. Waits for 10 s at most."""
        request = Request(method, path, json=json, headers=headers or {}, deadline=10.0)
        if not self.url:
            return ServedResponse(None, Exchange(f"{method} {path} HTTP/1.1", "", self.problem))
        return ServedResponse(*exchange(self.url, request))

    def get(self, path: str, json: Any = None, headers: Headers = None) -> ServedResponse:
        """GET."""
        return self.request("GET", path, json, headers)

    def post(self, path: str, json: Any = None, headers: Headers = None) -> ServedResponse:
        """POST."""
        return self.request("POST", path, json, headers)

    def put(self, path: str, json: Any = None, headers: Headers = None) -> ServedResponse:
        """PUT."""
        return self.request("PUT", path, json, headers)

    def delete(self, path: str, json: Any = None, headers: Headers = None) -> ServedResponse:
        """DELETE."""
        return self.request("DELETE", path, json, headers)

    def stop(self) -> None:
        """Stop the service and give its port back."""
        self.runner.close()
        self._not_running("The service was stopped: run the cell with `lab.serve(create_app)`.")

    def _repr_markdown_(self) -> str:
        if not self.url:
            return self.problem
        # A port that changes with each run stays out of executed notebooks: nobody could follow the link anyway.
        link = f" at [{self.url}]({self.url}/docs)" if somebody_watches() else ""
        return f"The service is running{link}. Edit a cell, run it, and serve again: the new version takes over."

    def __repr__(self) -> str:
        return self._repr_markdown_()


class ServedResponse(ExchangeView):
    """The response to one request, with `status`, `json`, `text` and `header(name)`; shows itself in a notebook.

    Without a response, because the service is not running or did not answer, each of these is None.
    """

    def __init__(self, response: Response | None, record: Exchange) -> None:
        super().__init__(record)
        self._response = response

    def header(self, name: str) -> str | None:
        """A header of the response; None when it is not there, or when no response came."""
        return self._response.header(name) if self._response else None

    def __getattr__(self, name: str) -> Any:  # of labs.judge.Response
        if name.startswith("_"):
            raise AttributeError(name)
        if self._response is None:
            return None
        return getattr(self._response, name)
