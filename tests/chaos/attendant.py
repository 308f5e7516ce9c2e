"""The operator on duty: looks at each job that needs attention, at what the ledger says, and says what became of it."""

import json
import threading
from dataclasses import dataclass
from typing import Any, Final

from domain.errors import Conflict, StoreDown
from domain.job import Job, State
from intake.approve import resolve
from intake.read import Filter, search
from tests.chaos.data_centers import TABLE, NoAnswer
from tests.chaos.history import hit_by
from tests.chaos.scene import Scene

LOOK_S: Final = 0.5


@dataclass(frozen=True, kw_only=True)
class Attended:
    """One job that needed attention: the evidence it came with, and the operator's word."""

    number: int
    step: str
    evidence: dict[str, Any]
    word: str


class Attendant:
    """`start`, then `stop`. `attended` lists every case."""

    def __init__(self, scene: Scene) -> None:
        self.attended: list[Attended] = []
        self._scene = scene
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """On duty."""
        self._thread.start()

    def stop(self) -> None:
        """Off duty."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_S):
            try:
                self._round()
            except (StoreDown, Conflict, NoAnswer):  # later, then
                continue

    def _round(self) -> None:
        desk, actor = self._scene.product.desk, self._scene.operator
        for item in search(desk, actor, Filter(states=(State.NEEDS_ATTENTION,), limit=200)):
            case = self._case(item.job)
            resolve(desk, actor, case.number, {"word": case.word, "opinion": f"the ledger says: {case.word}"})
            self.attended.append(case)

    def _case(self, job: Job) -> Attended:
        told = job.outcome or {}
        step = str(told.get("step", ""))
        evidence = {k: v for k, v in told.items() if k not in ("text", "step", "things") and v}
        left = "undo" in told.get("evidence", {})  # it was stopped, and what is left is dropped by hand
        word = "failed" if left else self._word(job.number, step)
        return Attended(number=job.number, step=step, evidence=evidence, word=word)

    def _word(self, number: int, step: str) -> str:
        """The truth, as somebody sees it who goes and looks at the servers."""
        if step == "run":
            return self._word_of_script(number)
        if step == "rename":
            return self._word_of_name(number)
        if not step.startswith("restart:"):
            return "run-again"
        named = step.removeprefix("restart:")
        place = self._scene.product.inventory.estate.place(search_place(self._scene, number))
        names = [h.name for h in place.environment.app_hosts] if named == "all" else [named]
        done = hit_by(self._scene.lab.ledger(), number) & set(names)
        if not done:
            return "run-again"
        return "done" if len(done) == len(names) else "failed"

    def _word_of_name(self, number: int) -> str:
        """By whether there is a database of the new name."""
        row = self._scene.product.store.row("request", number=number, version=1)
        assert row is not None
        new = json.loads(row["params"])["database"]
        there = self._scene.sql().rows(f"SELECT 1 FROM sys.databases WHERE name = N'{new}'")  # noqa: S608
        return "done" if there else "run-again"

    def _word_of_script(self, number: int) -> str:
        """By what lies in the data center: nothing of the script, all of it, or some."""
        product = self._scene.product
        row = product.store.row("request", number=number, version=1)
        assert row is not None
        database = self._scene.databases()[search_place(self._scene, number)]
        wrote = self._scene.sql().rows(f"SELECT WISH, BATCH FROM {TABLE}", database)  # noqa: S608
        done = {batch for wish, batch in wrote if wish == row["description"]}
        parts = {p["number"] for p in product.store.rows("parts", job=number, step="run", after=0, most=1000)}
        if not done:
            return "run-again"
        return "done" if parts and parts <= done else "failed"


def search_place(scene: Scene, number: int) -> str:
    """The path of a job's place."""
    row = scene.product.store.row("job", number=number)
    return str(row["place"]) if row else ""
