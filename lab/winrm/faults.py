"""The faults of the WinRM service as one table; texts and shapes as recorded from real hosts where known."""

from dataclasses import dataclass
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

Shape = Literal["plain", "provider", "nested", "quota"]

WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault"
CMD_PLUGIN: Final = ("Shell cmd plugin", r"%systemroot%\system32\winrscmd.dll")
SHELL_PROVIDER: Final = ("Shell provider", r"%systemroot%\system32\WsmSvc.dll")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the table. `message` may hold one `{}` for what was wrong; without it, it is the reason."""

    code: int
    subcode: str
    reason: str
    message: str = ""
    receiver: bool = False
    action: str = WSMAN
    detail: str = ""  # tail of the w:FaultDetail address
    shape: Shape = "plain"
    provider: tuple[str, str] = ("", "")


NO_SELECTOR: Final = (
    "The WS-Management service cannot process the request because the request contained invalid selectors "
    "for the resource. "
)
TOO_LATE: Final = (
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "
)
QUOTA: Final = "The WS-Management service cannot process the request. This user is allowed a maximum number of "

COMMAND_UNKNOWN: Final = Kind(
    code=2150858843,
    subcode="w:InvalidSelectors",
    reason=NO_SELECTOR,
    detail="UnexpectedSelectors",
    message="The Windows Remote Shell received a request to perform an operation on a command identifier that does "
    "not exist. Either the command has completed execution or the client specified an invalid command identifier. ",
)
SHELL_UNKNOWN: Final = Kind(
    code=2150858843,
    subcode="w:InvalidSelectors",
    reason=NO_SELECTOR,
    detail="UnexpectedSelectors",
    shape="nested",
    provider=SHELL_PROVIDER,
)
TIMED_OUT: Final = Kind(code=2150858793, subcode="w:TimedOut", reason=TOO_LATE, receiver=True)
BAD_PARAMETER: Final = Kind(
    code=87,
    subcode="w:InvalidParameter",
    reason="The parameter is incorrect. ",
    detail="InvalidValue",
    shape="provider",
    provider=CMD_PLUGIN,
)
NO_SUCH_FILE: Final = Kind(
    code=2147942402,
    subcode="w:InternalError",
    reason="The system cannot find the file specified. ",
    receiver=True,
    shape="provider",
    provider=CMD_PLUGIN,
)
ACCESS_DENIED: Final = Kind(code=5, subcode="w:AccessDenied", reason="Access is denied. ")
PIPE_ENDED: Final = Kind(
    code=2147942509,
    subcode="w:InternalError",
    reason="The pipe has been ended. ",
    receiver=True,
    shape="provider",
    provider=CMD_PLUGIN,
)
BUSY: Final = Kind(code=170, subcode="w:InternalError", reason="The requested resource is in use. ", receiver=True)
BAD_TIMEOUT: Final = Kind(
    code=2150858767,
    subcode="a:InvalidMessageInformationHeader",
    reason="The WS-Management service cannot process the request. The request contains one or more invalid SOAP "
    "headers. ",
    message="The WS-Management service cannot process the request. The XML contains an invalid timeout field in the "
    "SOAP header: {}. ",
    action=ADDRESSING,
)
QUOTA_SHELLS: Final = Kind(
    code=2150859173,
    subcode="w:QuotaLimit",
    reason=QUOTA + "30 concurrent shells, which has been exceeded. Close existing shells or raise the quota for "
    "this user. ",
    shape="quota",
)
QUOTA_OPERATIONS: Final = Kind(
    code=2150859174,
    subcode="w:QuotaLimit",
    reason=QUOTA + "15 concurrent operations, which has been exceeded. Close existing operations for this user, or "
    "raise the quota for this user. ",
    shape="quota",
)
RESOURCE_UNKNOWN: Final = Kind(
    code=2150858752,
    subcode="a:DestinationUnreachable",
    reason="The WS-Management service cannot process the request. The service cannot find the resource identified "
    "by the resource URI and selectors. ",
    action=ADDRESSING,
)
ACTION_UNKNOWN: Final = Kind(
    code=2150858753,
    subcode="a:ActionNotSupported",
    reason="The WS-Management service cannot process the request. The WS-Addressing action URI is invalid. Check "
    "the documentation for information on how to construct an action URI. ",
    action=ADDRESSING,
)
BAD_XML: Final = Kind(
    code=2150858817,
    subcode="w:SchemaValidationError",
    reason="The SOAP XML in the message does not match the corresponding XML schema definition. Change the XML and "
    "retry. ",
)
TOO_LARGE: Final = Kind(
    code=2150858805,
    subcode="w:EncodingLimit",
    reason="The WS-Management service cannot process the request because the encoding of the request exceeds an "
    "internal encoding limit. Reconfigure the client to send messages which fit the encoding limits of the service. ",
    detail="ServiceEnvelopeLimit",
)
INTERNAL: Final = Kind(
    code=2147943759, subcode="w:InternalError", reason="The emulated host failed; see its log. ", receiver=True
)

BODY: Final = (
    "<s:Fault><s:Code><s:Value>%s</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code>"
    '<s:Reason><s:Text xml:lang="en-US">%s</s:Text></s:Reason><s:Detail>%s%s</s:Detail></s:Fault>'
)
DETAIL: Final = "<w:FaultDetail>http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/%s</w:FaultDetail>"
WSMAN_FAULT: Final = (
    '<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="%d" Machine=%s>'
    "<f:Message>%s</f:Message></f:WSManFault>"
)
PROVIDER: Final = "<f:ProviderFault provider=%s path=%s>%s</f:ProviderFault>"
WMI_ERROR: Final = (
    '<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"'
    ' xmlns:p="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"'
    ' xmlns:cim="http://schemas.dmtf.org/wbem/wscim/1/common"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="p:MSFT_WmiError_Type">'
    '<p:CIMStatusCode xsi:type="cim:cimUnsignedInt">27</p:CIMStatusCode>'
    '<p:error_Category xsi:type="cim:cimUnsignedShort">30</p:error_Category>'
    '<p:error_Code xsi:type="cim:cimUnsignedInt">%d</p:error_Code>'
    '<p:error_Type xsi:type="cim:cimString">HRESULT</p:error_Type>'
    '<p:error_WindowsErrorMessage xsi:type="cim:cimString">%s</p:error_WindowsErrorMessage>'
    '<p:Message xsi:type="cim:cimString">%s</p:Message>'
    '<p:MessageID xsi:type="cim:cimString">HRESULT 0x%x</p:MessageID></p:MSFT_WmiError>'
)


class Fault(Exception):
    """An answer with HTTP status 500. `given` is what was wrong; `relates_to` is known before a request is whole."""

    def __init__(self, kind: Kind, given: str = "", *, relates_to: str = "") -> None:
        super().__init__(kind.reason)
        self.kind = kind
        self.given = given
        self.relates_to = relates_to

    def body(self, machine: str) -> str:
        """The content of s:Body; `machine` is the name by which the client called us."""
        kind = self.kind
        detail = DETAIL % kind.detail if kind.detail else ""
        code = "s:Receiver" if kind.receiver else "s:Sender"
        return BODY % (code, kind.subcode, escape(kind.reason), detail, _error(kind, self.given, quoteattr(machine)))


def _error(kind: Kind, given: str, machine: str) -> str:
    text = escape((kind.message or kind.reason).replace("{}", given))
    if kind.shape == "quota":
        return WMI_ERROR % (kind.code, text, text, kind.code)
    inner = text
    if kind.shape == "nested":
        inner = WSMAN_FAULT % (kind.code, machine, text)
    if kind.shape != "plain":
        inner = PROVIDER % (quoteattr(kind.provider[0]), quoteattr(kind.provider[1]), inner)
    return WSMAN_FAULT % (kind.code, machine, inner)
