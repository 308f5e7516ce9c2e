"""What goes wrong on the S3 wire: one table from S3's codes, one from boto's exceptions, to our errors."""

from typing import Final

from botocore import exceptions as boto
from botocore.exceptions import BotoCoreError, ClientError

from domain.artifact import ArtifactKey
from domain.errors import Broke, Conflict, Denied, NotFound, Severed, Trouble, Unreachable
from domain.secret import Secret, mask
from domain.text import Text

Row = tuple[type[Trouble], str, str]

_RIGHTS: Final[Row] = (
    Denied,
    "对象存储拒绝了该密钥：检查密钥及其对该存储桶的权限",
    "the store refused the key: check access key, secret and its rights on the bucket",
)
_CLOCK: Final[Row] = (Denied, "本机时钟与对象存储相差过大：请校时", "this machine's clock is too far off: set it")
_GONE: Final[Row] = (NotFound, "对象存储中没有它", "the store does not have it")
_BUCKET: Final[Row] = (Broke, "没有这个存储桶：检查名称与区域", "there is no such bucket: check its name and region")
_LATER: Final[Row] = (Unreachable, "对象存储繁忙或暂时出错：稍后再试", "the store is busy or failed for now: try again")
_TAKEN: Final[Row] = (Conflict, "已有同名文件", "the name is taken")
_ANSWER: Final[Row] = (Broke, "对象存储报错：查看其日志", "the store answered with a failure: see its log")

# HEAD has no body: its code is the HTTP status.
CODES: Final[dict[str, Row]] = {
    **dict.fromkeys(("AccessDenied", "AllAccessDisabled", "AccountProblem", "Forbidden", "401", "403"), _RIGHTS),
    **dict.fromkeys(("SignatureDoesNotMatch", "InvalidAccessKeyId", "InvalidToken", "ExpiredToken"), _RIGHTS),
    **dict.fromkeys(("RequestTimeTooSkewed", "RequestExpired"), _CLOCK),
    **dict.fromkeys(("NoSuchKey", "NoSuchUpload", "NotFound", "404"), _GONE),
    "NoSuchBucket": _BUCKET,
    **dict.fromkeys(("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "Throttling"), _LATER),
    **dict.fromkeys(("ThrottlingException", "TooManyRequests", "429", "500", "502", "503", "504"), _LATER),
    **dict.fromkeys(("PreconditionFailed", "ConditionalRequestConflict", "FileAlreadyExists", "409", "412"), _TAKEN),
}

# The first row that fits counts.
EXCEPTIONS: Final[tuple[tuple[type[Exception], Row], ...]] = (
    (
        boto.SSLError,
        (
            Unreachable,
            "证书不受信任或不是 HTTPS 端口：检查 ca_file 与地址",
            "no trusted TLS there: check ca_file and the address",
        ),
    ),
    (boto.ProxyConnectionError, (Unreachable, "代理无法连接：检查代理", "the proxy cannot be reached: check it")),
    (
        boto.EndpointConnectionError,
        (
            Unreachable,
            "无法连接对象存储：检查地址、DNS 与防火墙",
            "it cannot be reached: check address, DNS and firewall",
        ),
    ),
    (
        boto.HTTPClientError,
        (
            Unreachable,
            "与对象存储的连接中断或超时：稍后再试",
            "the connection to the store broke or timed out: try again",
        ),
    ),
    (
        boto.IncompleteReadError,
        (Unreachable, "与对象存储的连接中断：稍后再试", "the connection to the store broke: try again"),
    ),
    (BotoCoreError, (Broke, "对象存储客户端出错：检查设置", "the client of the store failed: check its settings")),
)


def translated(cause: Exception, action: str, what: object, secrets: tuple[Secret, ...]) -> Trouble:
    """Our error for a foreign one. The store's own words are kept, the secrets in them are not."""
    if isinstance(cause, ClientError):
        code = str(cause.response.get("Error", {}).get("Code", "?"))
        error, zh, en = CODES.get(code, _ANSWER)
        why = f"{code}: {cause.response.get('Error', {}).get('Message', '')}"
    else:
        code = type(cause).__name__
        error, zh, en = next((row for kind, row in EXCEPTIONS if isinstance(cause, kind)), _ANSWER)
        why = code
    why = mask(why, secrets)[:500]
    text = Text(f"{what}：{zh}。[{action}：{why}]", f"{what}: {en}. [{action}: {why}]")
    return error(text, action=action, cause=code)


def severed(key: ArtifactKey, size: int, sha256: str) -> Severed:
    en = (
        f"{key}: the last call was lost and the store cannot be asked: it is there whole or not at all. Ask again later"
    )
    zh = f"{key}：最后一次调用结果未知，且暂时无法查询：文件要么完整存在，要么不存在。请稍后查询"
    return Severed(Text(zh, en), key=str(key), size=size, sha256=sha256)
