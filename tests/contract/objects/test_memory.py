"""A large artifact passes through in small pieces: measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.objects.conftest import ACCESS, SECRET, Room

ROOT = Path(__file__).parents[3]
MIB = 1024 * 1024
SIZE = 64 * MIB
MOST = 24 * MIB

PROGRAM = """
import json, sys, tracemalloc
from pathlib import Path
from domain.secret import Secret
from executors.objects import S3Settings, local_store, s3_store
from tests.contract.objects.conftest import key
told = json.loads(sys.argv[1])
folder = Path(told["folder"])
if told["endpoint"]:
    settings = S3Settings(endpoint=told["endpoint"], bucket="lab", region="us-east-1", prefix="yunwei/", style="path",
                          access_key=Secret(told["access"]), secret_key=Secret(told["secret"]))
    store = s3_store(settings, folder / "staging")
else:
    store = local_store(folder)
store.put(key("0"), [b"warm"])
block = bytes(1024 * 1024)
tracemalloc.start()
if told["how"] == "put":
    stored = store.put(key("1"), (block for _ in range(64)))
else:
    upload = store.begin(key("1"), 64 * len(block))
    store.append(upload, 0, (block for _ in range(64)))
    stored = store.finish(upload)
with store.open(key("1")) as opened:
    read = sum(len(chunk) for chunk in opened)
print(json.dumps({"peak": tracemalloc.get_traced_memory()[1], "size": stored.size, "read": read}))
"""


@pytest.mark.req("DC-2", "DC-7")
@pytest.mark.parametrize("how", ["put", "upload"])
def test_sixty_four_mebibytes_in_and_out_take_less_than_twenty_four_of_memory(durable: Room, how: str) -> None:
    endpoint = durable.lab.endpoint if durable.lab else ""
    told = {"folder": str(durable.folder), "endpoint": endpoint, "access": ACCESS, "secret": SECRET, "how": how}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(told)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["size"], found["read"]) == (SIZE, SIZE)
    assert found["peak"] < MOST
