"""What the server refuses, as S3 words it."""

from typing import Final
from xml.sax.saxutils import escape

STATUS: Final = {
    "AccessDenied": 403,
    "BadDigest": 400,
    "EntityTooSmall": 400,
    "IncompleteBody": 400,
    "InvalidAccessKeyId": 403,
    "InvalidArgument": 400,
    "InvalidPart": 400,
    "InvalidPartOrder": 400,
    "InvalidRange": 416,
    "InvalidRequest": 400,
    "MalformedXML": 400,
    "MethodNotAllowed": 405,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "PreconditionFailed": 412,
    "RequestTimeTooSkewed": 403,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "XAmzContentSHA256Mismatch": 400,
}


class Refusal(Exception):
    """One S3 error: `code` decides the HTTP status."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, STATUS[code]

    def xml(self, resource: str) -> bytes:
        rows = {"Code": self.code, "Message": self.message, "Resource": resource, "RequestId": "LAB"}
        inner = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in rows.items())
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'.encode()
