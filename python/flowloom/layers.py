"""What flows say, as objects: the handshake of TLS or QUIC, the first HTTP exchange, DNS."""

from __future__ import annotations

import datetime as dt
import json
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._block import Block

T = TypeVar("T")


class Told(Generic[T]):
    """A field of an :class:`Info` that is a column as it is, or ``empty()`` where that is null."""

    def __init__(self, column: str, empty: Callable[[], T] | None = None) -> None:
        self.column = column
        self.empty = empty

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    def __get__(self, info: Any, kind: object = None) -> T:
        value: T = info._value(self.column)
        if value is None and self.empty is not None:
            value = self.empty()
        # From here on the attribute is found before this is asked.
        info.__dict__[self.name] = value
        return value


class Info:
    """What a flow says in a protocol: attributes, or ``info.get(name, default)``.

    A view on the flow's row; each field is made when it is first asked for.
    """

    columns: ClassVar[str]
    """What the names of the protocol's columns begin with."""

    def __init__(self, block: Block, row: int) -> None:
        self._block = block
        self._row = row

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or a default where there is no such field or it is empty."""
        value = getattr(self, key, None)
        return default if value is None else value

    def fields(self) -> dict[str, Any]:
        """All fields by name."""
        made = vars(type(self)).items()
        names = [name for name, how in made if isinstance(how, (Told, cached_property))]
        return {name: getattr(self, name) for name in names}

    def _value(self, name: str) -> Any:
        return self._block.value(self.columns + name, self._row)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, Info):
            return NotImplemented
        return self.fields() == other.fields()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.fields().items())
        return f"{type(self).__name__}({fields})"

    def __getstate__(self) -> dict[str, Any]:
        # The fields without the rows of all the other flows.
        return self.fields()


class TLSInfo(Info):
    """The TLS handshake of a flow."""

    columns = "tls_"

    @cached_property
    def version(self) -> str | None:
        """The version that was negotiated, as ``3.3`` for TLS 1.2."""
        number = self._value("version_id")
        return None if number is None else f"{number >> 8}.{number & 255}"

    version_name = Told[str | None]("version")
    """The same by its name: ``TLS 1.2``."""

    @cached_property
    def sni(self) -> list[str]:
        """The host name that the client asked for, as a list of one."""
        sni = self._value("sni")
        return [] if sni is None else [sni]

    alpn = Told[list[str]]("alpn_offered", list)
    """Protocols that the client offered, in its order."""
    alpn_chosen = Told[str | None]("alpn")
    """The protocol that the server took, where that is in the clear."""
    cipher_suites = Told[list[int]]("client_ciphers", list)
    """Cipher suites that the client offered, in its order."""
    cipher_suite = Told[int | None]("cipher_id")
    """The cipher suite that the server took."""
    signature_algorithms = Told[list[int]]("client_signature_algorithms", list)
    """Signature algorithms that the client offered."""
    supported_groups = Told[list[str]]("client_groups", list)
    """Groups of the key exchange that the client offered, by name."""
    extensions = Told[list[int]]("client_extensions", list)
    """Numbers of the extensions of the ClientHello."""

    @cached_property
    def certificate(self) -> dict[str, Any] | None:
        """The server's certificate: ``subject`` and ``issuer`` (dictionaries such as
        ``{"CN": "example.com"}``), ``serial_number``, ``not_before`` and ``not_after`` (ISO 8601,
        UTC), ``sha256``, ``dns_names``, and ``ip_addresses`` where the set ``certificate_chain``
        was read."""
        return self.certificates[0] if self.certificates else None

    @cached_property
    def certificates(self) -> list[dict[str, Any]]:
        """Each certificate that the server sent, its own first: dictionaries like ``certificate``;
        of the others there is ``sha256`` alone, where the set ``certificate_chain`` was not
        read."""
        return _certificates(self._block, self._row)

    ja3 = Told[str | None]("ja3")
    """JA3 of the ClientHello."""
    ja3s = Told[str | None]("ja3s")
    """JA3S of the ServerHello."""
    ja4 = Told[str | None]("ja4")
    """JA4 of the ClientHello."""

    @cached_property
    def content_type(self) -> int:
        """22: what is told of is the handshake."""
        return 22

    @cached_property
    def handshake_type(self) -> int | None:
        """1 where there was a ClientHello, 2 where there was a ServerHello alone."""
        if self._value("client_hello_count"):
            return 1
        return None if self.version is None else 2


class HTTPInfo(Info):
    """The first HTTP request of a flow and what answered it."""

    columns = "http_"

    method = Told[str | None]("method")
    """The method of the request: ``GET``."""
    host = Told[str | None]("host")
    """The host that the request names."""
    path = Told[str | None]("uri")
    """The target of the request, as it was sent."""
    user_agent = Told[str | None]("user_agent")
    """What the client calls itself."""
    status_code = Told[int | None]("status")
    """The status of the response: 404."""
    status_reason = Told[str | None]("reason")
    """The same in words, as the server sent it: ``Not Found``."""

    @cached_property
    def content_type(self) -> str | None:
        """Content-Type of the response, else of the request."""
        of_response: str | None = self._value("content_type")
        return of_response or self._value("request_content_type")

    version = Told[str | None]("version")
    """The version: ``1.1``."""
    server = Told[str | None]("server")
    """What the server calls itself."""
    referer = Told[str | None]("referer")
    """Where the request came from."""

    @property
    def is_request(self) -> bool:
        """Whether a request was seen."""
        return self.method is not None

    @property
    def is_response(self) -> bool:
        """Whether a response was seen."""
        return self.status_code is not None


class DNSInfo(Info):
    """The questions of a flow, and the answer to the first of them."""

    columns = "dns_"

    @cached_property
    def queries(self) -> list[str]:
        """The names in question, each once; the first alone where the set ``dns_questions`` was
        not read."""
        return list(dict.fromkeys(name for name, _ in self.questions))

    @cached_property
    def questions(self) -> list[tuple[str, str]]:
        """Likewise, names with types: ``("example.com", "A")``."""
        names = self._value("questions")
        if names is not None:
            return list(zip(names, self._value("question_types"), strict=True))
        query = self._value("query")
        return [] if query is None else [(query, self.query_type or "")]

    query_type = Told[str | None]("query_type")
    """What the first question asks for: ``A``."""
    answers = Told[list[str]]("answers", list)
    """The data of the records that answer it."""
    answer_types = Told[list[str]]("answer_types", list)
    """Their types."""

    @cached_property
    def response_code(self) -> int:
        """The response code: 3 is NXDOMAIN."""
        return _response_code(self._value("rcode"))

    @cached_property
    def question_count(self) -> int:
        """Queries of the flow."""
        return self._value("query_count") or 0

    @cached_property
    def answer_count(self) -> int:
        """Records in the answer."""
        return len(self.answers)

    @property
    def is_query(self) -> bool:
        """Whether a query was seen."""
        return self.question_count > 0

    @property
    def is_response(self) -> bool:
        """Whether a response was seen."""
        return bool(self.answers) or self.response_code != 0


class QUICInfo(Info):
    """The QUIC handshake of a flow."""

    columns = "quic_"

    @cached_property
    def version(self) -> int:
        """The version by its number: 1, or 0x6b3343cf for 2."""
        version = self._value("version")
        return _QUIC_VERSIONS.get(version) or _draft(version)

    @cached_property
    def version_str(self) -> str:
        """The same by its name: ``QUICv1``."""
        version: str = self._value("version")
        return f"QUICv{version}" if version in _QUIC_VERSIONS else version

    @cached_property
    def dcid(self) -> bytes:
        """Destination connection id of the client's first packet."""
        return bytes.fromhex(self._value("dcid") or "")

    @cached_property
    def scid(self) -> bytes:
        """Connection id that the server chose for itself; the client's where it did not answer."""
        return bytes.fromhex(self._value("server_scid") or self._value("scid") or "")

    @cached_property
    def sni(self) -> str | None:
        """The host name that the client asked for."""
        of_tls: str | None = self._block.value("tls_sni", self._row)
        return of_tls or self._value("sni")

    @cached_property
    def alpn(self) -> list[str]:
        """Protocols that the client offered."""
        return self._block.value("tls_alpn_offered", self._row) or []

    @cached_property
    def cipher_suites(self) -> list[int]:
        """Cipher suites that the client offered."""
        return self._block.value("tls_client_ciphers", self._row) or []

    user_agent = Told[str | None]("user_agent")
    """What the client calls itself."""

    @cached_property
    def ja3(self) -> str | None:
        """JA3 of the ClientHello."""
        found: str | None = self._block.value("tls_ja3", self._row)
        return found

    @cached_property
    def ja4(self) -> str | None:
        """JA4 of the ClientHello."""
        found: str | None = self._block.value("tls_ja4", self._row)
        return found

    @cached_property
    def is_long_header(self) -> bool:
        """True: what is told of is the handshake, whose packets have long headers."""
        return True


class DeclaredInfo:
    """What a flow says in a protocol that is declared in YAML: attributes, or
    ``info.get(name, default)``; see :doc:`protocols <../protocols>`.

    Attributes
    ----------
    answer : dict
        The fields of the first message of the side that did not begin; empty if there is none.
    """

    def __init__(self, fields: dict[str, Any], answer: dict[str, Any]) -> None:
        self._fields = fields
        self.answer = answer

    def get(self, key: str, default: Any = None) -> Any:
        """A field, or a default where there is no such field."""
        return self._fields.get(key, default)

    def fields(self) -> dict[str, Any]:
        """The fields of the initiator's first message by name."""
        return dict(self._fields)

    def __getattr__(self, name: str) -> Any:
        try:
            return vars(self)["_fields"][name]
        except KeyError:
            raise AttributeError(f"there is no field {name!r}", name=name, obj=self) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DeclaredInfo) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"DeclaredInfo({self._fields!r}, answer={self.answer!r})"


def declared(block: Block, row: int) -> dict[str, Any]:
    """What a flow says in protocols that are declared in YAML, by their names."""
    said: dict[str, Any] = json.loads(block.value("declared", row) or "{}")
    answers: dict[str, Any] = said.pop("answer", {})
    made = block.declared_as or _as_declared
    names = dict.fromkeys([*said, *answers])
    return {name: made(name, said.get(name, {}), answers.get(name, {})) for name in names}


def _as_declared(name: str, fields: dict[str, Any], answer: dict[str, Any]) -> DeclaredInfo:
    return DeclaredInfo(fields, answer)


def tls(block: Block, row: int) -> TLSInfo | None:
    """The TLS or DTLS handshake of a flow; none for QUIC, which has an object of its own."""
    has_any = block.told("tls", _with_tls)[row]
    return TLSInfo(block, row) if has_any and _is_usual(block, row, "tls") else None


def http(block: Block, row: int) -> HTTPInfo | None:
    """The first HTTP exchange of a flow."""
    has_any = block.value("http_request_count", row) or block.value("http_response_count", row)
    return HTTPInfo(block, row) if has_any and _is_usual(block, row, "http") else None


def dns(block: Block, row: int) -> DNSInfo | None:
    """The first question of a flow."""
    has_any = block.value("dns_query_count", row) or block.value("dns_response_count", row)
    return DNSInfo(block, row) if has_any and _is_usual(block, row, "dns") else None


def quic(block: Block, row: int) -> QUICInfo | None:
    """The QUIC handshake of a flow."""
    has_any = block.value("quic_version", row) is not None
    return QUICInfo(block, row) if has_any and _is_usual(block, row, "quic") else None


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
