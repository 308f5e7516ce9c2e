"""TLS for python-tds: its two hooks, mended. Imported once by mssql_login.

Its own check of the host name uses a call that pyOpenSSL no longer has, and its context cannot do without a check.
"""

import ipaddress
from typing import Any, Final

import pytds.tls
from cryptography import x509
from cryptography.x509.oid import ExtensionOID, NameOID
from OpenSSL import SSL

TlsError: Final = SSL.Error
ANY: Final = "any certificate"  # in the place of the authorities' file


def context(ca_file: str) -> SSL.Context:
    """TLS 1.2, the newest that SQL Server speaks inside TDS 7; checked against `ca_file`."""
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_max_proto_version(SSL.TLS1_2_VERSION)
    if ca_file == ANY:
        made.set_verify(SSL.VERIFY_NONE)
        return made
    made.set_verify(SSL.VERIFY_PEER)
    made.load_verify_locations(cafile=ca_file)
    return made


def is_for(cert: Any, name: bytes) -> bool:
    """Whether the certificate names this host: its alternative names, or the common name where there are none."""
    wanted, found = name.decode("ascii").lower(), cert.to_cryptography()
    try:
        names = found.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    except x509.ExtensionNotFound:
        common = [str(a.value).lower() for a in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        return wanted in common
    try:
        return ipaddress.ip_address(wanted) in names.get_values_for_type(x509.IPAddress)
    except ValueError:
        return any(_matches(n.lower(), wanted) for n in names.get_values_for_type(x509.DNSName))


def _matches(pattern: str, name: str) -> bool:
    """`*` stands for one first label."""
    if pattern.startswith("*."):
        return "." in name and name.split(".", 1)[1] == pattern[2:]
    return pattern == name


pytds.tls.create_context = context
pytds.tls.validate_host = is_for
