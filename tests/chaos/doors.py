"""Two ways to ask: the desk in this process, a portal over HTTP. Both may break; asking again is the caller's part."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import requests

from domain.decision import Refused
from domain.errors import Conflict, StoreDown
from domain.request import Actor
from intake.change import cancel
from intake.desk import Desk
from intake.submit import submit

ANSWER_S: Final = 30.0
_TRY_LATER: Final = (429, 502, 503, 504)


class Closed(Exception):
    """No answer came: it may have been done or not. Ask again."""


class SaidNo(Exception):
    """A policy refused it, as it may when the planned time has passed before an answer came. Nothing was stored."""


class TooLate(Exception):
    """The request has gone on meanwhile; it cannot be cancelled."""


class Door(Protocol):
    """Where a customer asks."""

    def submit(self, body: Mapping[str, Any], key: str) -> int:
        """The number of the accepted request. Raises Closed, SaidNo."""

    def cancel(self, number: int, reason: str) -> str:
        """The state that the answer names. Raises Closed, TooLate."""


@dataclass(frozen=True, kw_only=True)
class DeskDoor:
    """Straight at the intake."""

    desk: Desk
    actor: Actor

    def submit(self, body: Mapping[str, Any], key: str) -> int:
        try:
            return submit(self.desk, self.actor, body, key).number
        except StoreDown as trouble:
            raise Closed(str(trouble)) from trouble
        except Refused as refused:
            raise SaidNo(str(refused)) from refused

    def cancel(self, number: int, reason: str) -> str:
        try:
            return cancel(self.desk, self.actor, number, {"reason": reason}).value
        except StoreDown as trouble:
            raise Closed(str(trouble)) from trouble
        except Conflict as conflict:
            raise TooLate(str(conflict)) from conflict


class HttpDoor:
    """Any of several portals; one that does not answer is left for another one."""

    def __init__(self, ports: list[int], token: str, seed: int) -> None:
        self._ports = ports
        self._head = {"Authorization": f"Bearer {token}"}
        self._chance = random.Random(seed)

    def submit(self, body: Mapping[str, Any], key: str) -> int:
        answer = self._post("/requests", body, {"Idempotency-Key": key})
        if answer.status_code == 403:
            raise SaidNo(answer.text[:500])
        if answer.status_code not in (200, 201):
            raise RuntimeError(f"a submit was answered {answer.status_code}: {answer.text[:500]}")
        return int(answer.json()["number"])

    def cancel(self, number: int, reason: str) -> str:
        answer = self._post(f"/requests/{number}/cancel", {"reason": reason}, {})
        if answer.status_code == 409:
            raise TooLate(answer.text[:500])
        if answer.status_code != 200:
            raise RuntimeError(f"a cancel was answered {answer.status_code}: {answer.text[:500]}")
        return _state(answer.json())

    def _post(self, path: str, body: Mapping[str, Any], head: Mapping[str, str]) -> requests.Response:
        url = f"http://127.0.0.1:{self._chance.choice(self._ports)}/api/v1{path}"
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(url, json=body, headers={**self._head, **head}, timeout=ANSWER_S)
        except requests.RequestException as trouble:
            raise Closed(type(trouble).__name__) from trouble
        if answer.status_code in _TRY_LATER:
            raise Closed(f"{answer.status_code}")
        return answer


def _state(answer: Mapping[str, Any]) -> str:
    execution = answer.get("execution")
    return str(execution["name"] if isinstance(execution, Mapping) else answer["state"])
