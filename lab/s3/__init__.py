"""An S3 server for loopback that checks what it is told: signatures, payload hashes, checksums, part rules.

Written here because the well-known test servers do not check header signatures and presigned ones alike: a client
with a wrong secret would pass its tests.
What it does not know it refuses with 501 NotImplemented.
"""

from lab.s3.bucket import Bucket, Rules
from lab.s3.faults import Fault, Switch
from lab.s3.server import S3Server

__all__ = ["Bucket", "Fault", "Rules", "S3Server", "Switch"]
