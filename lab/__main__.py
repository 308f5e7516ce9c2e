"""`python -m lab up --folder DIR`: start a lab, say where it is in one line of JSON, run until told to stop."""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lab.estate import LabEstate, LabSpec


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers the exit code (0 stopped as told, 2 usage, 1 could not start)."""
    asked = _parser().parse_args(arguments)
    stop = threading.Event()
    _stop_on_signals(stop)
    if asked.with_parent:
        threading.Thread(target=_stop_with_parent, args=(stop,), name="lab-parent", daemon=True).start()
    try:
        estate = LabEstate.start(asked.folder.absolute(), _spec(asked))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"lab: {error}\n")
        return 1
    try:
        sys.stdout.write(json.dumps(estate.as_json()) + "\n")
        sys.stdout.flush()
        stop.wait()
    finally:
        estate.stop()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    up = parser.add_subparsers(dest="act", required=True).add_parser(
        "up", help="start hosts with WinRM, a SQL Server, a control port"
    )
    up.add_argument("--folder", type=Path, required=True, help="where estate.yml, secrets and ledger are written")
    up.add_argument("--tenants", type=int, default=1)
    up.add_argument("--environments", type=int, default=1, help="per tenant, with dedicated VIP resources")
    up.add_argument("--hosts", type=int, default=2, help="per environment")
    up.add_argument("--restart-s", type=float, default=1.0, help="about how long an iisreset takes")
    up.add_argument("--mode", choices=("iisreset", "pools"), default="iisreset", help="what the estate file asks for")
    up.add_argument("--os-lang", choices=("en-US", "zh-CN", "mixed"), default="mixed")
    up.add_argument("--sql-encryption", choices=("required", "optional"), default="required", help="of the SQL Server")
    up.add_argument("--sql-step-s", type=float, default=0.005, help="each hundredth of a backup or restore")
    up.add_argument("--control-port", type=int, default=0)
    up.add_argument("--with-parent", action="store_true", help="stop when standard input is closed")
    return parser


def _spec(asked: argparse.Namespace) -> LabSpec:
    return LabSpec(
        tenants=asked.tenants,
        environments=asked.environments,
        hosts=asked.hosts,
        restart_s=asked.restart_s,
        restart_mode=asked.mode,
        os_langs=("zh-CN", "en-US") if asked.os_lang == "mixed" else (asked.os_lang,),
        control_port=asked.control_port,
        sql_encryption=asked.sql_encryption,
        sql_step_s=asked.sql_step_s,
    )


def _stop_on_signals(stop: threading.Event) -> None:
    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)


def _stop_with_parent(stop: threading.Event) -> None:
    # Not through sys.stdin: its lock, held by this thread, would break the interpreter's own end.
    while os.read(0, 4096):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main())
