"""What flows say, as objects: the handshake of TLS or QUIC, the first HTTP exchange, DNS."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._block import Block


class Info:
    """Fields of a protocol: attributes, or ``info.get(name, default)``."""

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or a default where there is no such field or it is empty."""
        value = getattr(self, key, None)
        return default if value is None else value


@dataclass
class TLSInfo(Info):
    """The TLS handshake of a flow."""

    version: str | None = None
    """The version that was negotiated, as ``3.3`` for TLS 1.2."""
    version_name: str | None = None
    """The same by its name: ``TLS 1.2``."""
    sni: list[str] = field(default_factory=list)
    """The host name that the client asked for, as a list of one."""
    alpn: list[str] = field(default_factory=list)
    """Protocols that the client offered, in its order."""
    alpn_chosen: str | None = None
    """The protocol that the server took, where that is in the clear."""
    cipher_suites: list[int] = field(default_factory=list)
    """Cipher suites that the client offered, in its order."""
    cipher_suite: int | None = None
    """The cipher suite that the server took."""
    signature_algorithms: list[int] = field(default_factory=list)
    """Signature algorithms that the client offered."""
    supported_groups: list[str] = field(default_factory=list)
    """Groups of the key exchange that the client offered, by name."""
    extensions: list[int] = field(default_factory=list)
    """Numbers of the extensions of the ClientHello."""
    certificate: dict[str, Any] | None = None
    """The server's certificate: ``subject`` and ``issuer`` (dictionaries such as
    ``{"CN": "example.com"}``), ``serial_number``, ``not_before`` and ``not_after`` (ISO 8601, UTC),
    ``sha256``, ``dns_names``, and ``ip_addresses`` where the set ``certificate_chain`` was read."""
    certificates: list[dict[str, Any]] = field(default_factory=list)
    """Each certificate that the server sent, its own first: dictionaries like ``certificate``; of
    the others there is ``sha256`` alone, where the set ``certificate_chain`` was not read."""
    ja3: str | None = None
    """JA3 of the ClientHello."""
    ja3s: str | None = None
    """JA3S of the ServerHello."""
    ja4: str | None = None
    """JA4 of the ClientHello."""
    content_type: int = 22
    """22: what is told of is the handshake."""
    handshake_type: int | None = None
    """1 where there was a ClientHello, 2 where there was a ServerHello alone."""


@dataclass
class HTTPInfo(Info):
    """The first HTTP request of a flow and what answered it."""

    method: str | None = None
    host: str | None = None
    path: str | None = None
    """The target of the request, as it was sent."""
    user_agent: str | None = None
    status_code: int | None = None
    status_reason: str | None = None
    content_type: str | None = None
    """Content-Type of the response, else of the request."""
    version: str | None = None
    """The version: ``1.1``."""
    server: str | None = None
    referer: str | None = None

    @property
    def is_request(self) -> bool:
        """Whether a request was seen."""
        return self.method is not None

    @property
    def is_response(self) -> bool:
        """Whether a response was seen."""
        return self.status_code is not None


@dataclass
class DNSInfo(Info):
    """The questions of a flow, and the answer to the first of them."""

    queries: list[str] = field(default_factory=list)
    """The names in question, each once; the first alone where the set ``dns_questions`` was not
    read."""
    questions: list[tuple[str, str]] = field(default_factory=list)
    """Likewise, names with types: ``("example.com", "A")``."""
    query_type: str | None = None
    """What the first question asks for: ``A``."""
    answers: list[str] = field(default_factory=list)
    """The data of the records that answer it."""
    answer_types: list[str] = field(default_factory=list)
    """Their types."""
    response_code: int = 0
    """The response code: 3 is NXDOMAIN."""
    question_count: int = 0
    """Queries of the flow."""
    answer_count: int = 0
    """Records in the answer."""

    @property
    def is_query(self) -> bool:
        """Whether a query was seen."""
        return self.question_count > 0

    @property
    def is_response(self) -> bool:
        """Whether a response was seen."""
        return bool(self.answers) or self.response_code != 0


@dataclass
class QUICInfo(Info):
    """The QUIC handshake of a flow."""

    version: int = 0
    """The version by its number: 1, or 0x6b3343cf for 2."""
    version_str: str = "unknown"
    """The same by its name: ``QUICv1``."""
    dcid: bytes = b""
    """Destination connection id of the client's first packet."""
    scid: bytes = b""
    """Connection id that the server chose for itself; the client's where it did not answer."""
    sni: str | None = None
    """The host name that the client asked for."""
    alpn: list[str] = field(default_factory=list)
    """Protocols that the client offered."""
    cipher_suites: list[int] = field(default_factory=list)
    """Cipher suites that the client offered."""
    user_agent: str | None = None
    """What the client calls itself."""
    is_long_header: bool = True


def tls(block: Block, row: int) -> TLSInfo | None:
    """The TLS or DTLS handshake of a flow; none for QUIC, which has an object of its own."""

    def value(name: str) -> Any:
        return block.value("tls_" + name, row)

    if not block.told("tls", _with_tls)[row] or not _is_usual(block, row, "tls"):
        return None
    number = value("version_id")
    sni = value("sni")
    certificates = _certificates(block, row)
    return TLSInfo(
        version=None if number is None else f"{number >> 8}.{number & 255}",
        version_name=value("version"),
        sni=[] if sni is None else [sni],
        alpn=value("alpn_offered") or [],
        alpn_chosen=value("alpn"),
        cipher_suites=value("client_ciphers") or [],
        cipher_suite=value("cipher_id"),
        signature_algorithms=value("client_signature_algorithms") or [],
        supported_groups=value("client_groups") or [],
        extensions=value("client_extensions") or [],
        certificate=certificates[0] if certificates else None,
        certificates=certificates,
        ja3=value("ja3"),
        ja3s=value("ja3s"),
        ja4=value("ja4"),
        handshake_type=1 if value("client_hello_count") else (2 if number is not None else None),
    )


def http(block: Block, row: int) -> HTTPInfo | None:
    """The first HTTP exchange of a flow."""

    def value(name: str) -> Any:
        return block.value("http_" + name, row)

    has_any = value("request_count") or value("response_count")
    if not has_any or not _is_usual(block, row, "http"):
        return None
    return HTTPInfo(
        method=value("method"),
        host=value("host"),
        path=value("uri"),
        user_agent=value("user_agent"),
        status_code=value("status"),
        status_reason=value("reason"),
        content_type=value("content_type") or value("request_content_type"),
        version=value("version"),
        server=value("server"),
        referer=value("referer"),
    )


def dns(block: Block, row: int) -> DNSInfo | None:
    """The first question of a flow."""

    def value(name: str) -> Any:
        return block.value("dns_" + name, row)

    has_any = value("query_count") or value("response_count")
    if not has_any or not _is_usual(block, row, "dns"):
        return None
    names, types = value("questions"), value("question_types")
    if names is None:
        query = value("query")
        names, types = ([], []) if query is None else ([query], [value("query_type")])
    answers = value("answers") or []
    return DNSInfo(
        queries=list(dict.fromkeys(names)),
        questions=list(zip(names, types, strict=True)),
        query_type=value("query_type"),
        answers=answers,
        answer_types=value("answer_types") or [],
        response_code=_response_code(value("rcode")),
        question_count=value("query_count") or 0,
        answer_count=len(answers),
    )


def quic(block: Block, row: int) -> QUICInfo | None:
    """The QUIC handshake of a flow."""

    def value(name: str) -> Any:
        return block.value("quic_" + name, row)

    version = value("version")
    if version is None or not _is_usual(block, row, "quic"):
        return None
    chosen = value("server_scid") or value("scid") or ""
    return QUICInfo(
        version=_QUIC_VERSIONS.get(version) or _draft(version),
        version_str=f"QUICv{version}" if version in _QUIC_VERSIONS else version,
        dcid=bytes.fromhex(value("dcid") or ""),
        scid=bytes.fromhex(chosen),
        sni=block.value("tls_sni", row) or value("sni"),
        alpn=block.value("tls_alpn_offered", row) or [],
        cipher_suites=block.value("tls_client_ciphers", row) or [],
        user_agent=value("user_agent"),
    )


def _with_tls(block: Block) -> list[bool]:
    """Which flows have a TLS or DTLS handshake, or are known for TLS by what they say."""
    if "tls_version" not in block.names:
        return [False] * len(block)
    hellos, versions = block.values("tls_client_hello_count"), block.values("tls_version")
    certificates = block.is_filled("tls_cert_sha256")
    found = [bool(any(of)) for of in zip(hellos, versions, certificates, strict=True)]
    if "application_by" in block.names:
        for row, by in enumerate(block.values("application_by")):
            if by == "content" and not found[row]:
                found[row] = "tls" in (block.value("applications", row) or ())
    if "quic_version" in block.names:
        quic = block.values("quic_version")
        found = [it and version is None for it, version in zip(found, quic, strict=True)]
    return found


def _is_usual(block: Block, row: int, protocol: str) -> bool:
    """Whether a protocol is looked for at the flow's ports: anywhere, or where it is usual."""
    if not block.by_port:
        return True
    ports = {block.values("src_port")[row], block.values("dst_port")[row]}
    return not ports.isdisjoint(_PORTS[protocol])


def name_parts(text: str | None) -> dict[str, Any]:
    """A name as RFC 4514 writes it, as a dictionary; what occurs twice becomes a list."""
    parts: dict[str, Any] = {}
    for piece in re.findall(r"(?:\\.|[^,+\\])+", text or ""):
        key, _, value = piece.partition("=")
        value = re.sub(r"\\([0-9a-fA-F]{2}|.)", _unescaped, value)
        had = parts.get(key)
        if had is None:
            parts[key] = value
        else:
            parts[key] = [*had, value] if isinstance(had, list) else [had, value]
    return parts


def _unescaped(found: re.Match[str]) -> str:
    code = found.group(1)
    return code if len(code) == 1 else chr(int(code, 16))


def _certificates(block: Block, row: int) -> list[dict[str, Any]]:
    sent = block.value("tls_certificates", row)
    if sent is not None:
        return [{**_certificate(one), "ip_addresses": one["san_ip"]} for one in sent]

    def value(name: str) -> Any:
        return block.value("tls_cert_" + name, row)

    hashes = value("sha256")
    if not hashes:
        return []
    names = ("subject", "issuer", "serial", "not_before", "not_after")
    own = {"sha256": hashes[0], "san_dns": value("san") or [], **{n: value(n) for n in names}}
    return [_certificate(own), *({"sha256": other} for other in hashes[1:])]


def _certificate(told: dict[str, Any]) -> dict[str, Any]:
    serial = told["serial"]
    return {
        "subject": name_parts(told["subject"]),
        "issuer": name_parts(told["issuer"]),
        "serial_number": None if serial is None else f"0x{serial.lstrip('0') or '0'}",
        "not_before": _instant(told["not_before"]),
        "not_after": _instant(told["not_after"]),
        "sha256": told["sha256"],
        "dns_names": told["san_dns"],
    }


def _instant(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    since = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
    try:
        return (since + dt.timedelta(seconds=seconds)).isoformat()
    except OverflowError:
        return None


def _response_code(name: str | None) -> int:
    if name is None:
        return 0
    digits = re.sub(r"\D", "", name)
    return _RESPONSE_CODES.get(name, int(digits) if digits else 0)


def _draft(version: str) -> int:
    """The number of a draft's version, or of one that is given in hexadecimal."""
    if version.startswith("draft-") and version[6:].isdecimal():
        return 0xFF000000 + int(version[6:])
    if len(version) == 4:
        return int.from_bytes(version.encode(), "big")
    try:
        return int(version, 16)
    except ValueError:
        return 0


_PORTS = {
    "tls": (443, 465, 993, 995, 5061),
    "http": (80, 8000, 8080),
    "dns": (53, 137, 5353, 5355),
    "quic": (443,),
}
"""Where a protocol is looked for with ``app_layer_parsing="port_only"``."""

_QUIC_VERSIONS = {"1": 1, "2": 0x6B3343CF}
_RESPONSE_CODES = {
    name: code
    for code, name in enumerate(
        [
            "NOERROR",
            "FORMERR",
            "SERVFAIL",
            "NXDOMAIN",
            "NOTIMP",
            "REFUSED",
            "YXDOMAIN",
            "YXRRSET",
            "NXRRSET",
            "NOTAUTH",
            "NOTZONE",
        ]
    )
}
"""RFC 6895, section 2.3."""
