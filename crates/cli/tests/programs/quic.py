"""A server and a client of HTTP/3 on aioquic.

    quic.py serve PORT KEY CERTIFICATE OPTIONS     until it is stopped
    quic.py fetch HOST PORT OPTIONS                prints what the client knows of each connection, as a line of JSON

OPTIONS is a JSON object: `versions` as numbers, `retry` (server), `times`, `ciphers`, `id_length`
and `more_names` to offer (client). A client that connects several times resumes, and sends its request as early data.
"""

import asyncio
import json
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.logger import QuicLogger
from aioquic.tls import CipherSuite


class Http(QuicConnectionProtocol):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.http = H3Connection(self._quic)
        self.status = None
        self.is_answered = asyncio.Event()

    def quic_event_received(self, event):
        for told in self.http.handle_event(event):
            if isinstance(told, HeadersReceived):
                if self._quic.configuration.is_client:
                    self.status = int(dict(told.headers)[b":status"])
                else:
                    self.answer(told.stream_id)
            elif isinstance(told, DataReceived) and told.stream_ended:
                self.is_answered.set()

    def answer(self, stream):
        self.http.send_headers(stream, [(b":status", b"200"), (b"server", b"lab")])
        self.http.send_data(stream, b"hello\n" * 1000, end_stream=True)
        self.transmit()

    async def get(self, host):
        stream = self._quic.get_next_available_stream_id()
        asked = {b":method": b"GET", b":scheme": b"https", b":authority": host, b":path": b"/"}
        self.http.send_headers(stream, list(asked.items()), end_stream=True)
        self.transmit()
        await asyncio.wait_for(self.is_answered.wait(), 10)


async def run_server(port, key, certificate, options):
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3"])
    configuration.load_cert_chain(certificate, key)
    configuration.supported_versions = options.get("versions", configuration.supported_versions)
    tickets = {}
    await serve(
        "::",
        port,
        configuration=configuration,
        create_protocol=Http,
        retry=options.get("retry", False),
        session_ticket_fetcher=lambda name: tickets.pop(name, None),
        session_ticket_handler=lambda ticket: tickets.update({ticket.ticket: ticket}),
    )
    await asyncio.Event().wait()


async def run_client(host, port, options):
    tickets = []
    for _ in range(options.get("times", 1)):
        configuration = QuicConfiguration(
            alpn_protocols=["h3", *(f"{i:0200}" for i in range(options.get("more_names", 0)))],
            connection_id_length=options.get("id_length", 8),
            idle_timeout=12.5,
            max_data=70_000,
            max_stream_data=60_000,
            quic_logger=QuicLogger(),
            server_name="www.lab.test",
            session_ticket=tickets[-1] if tickets else None,
            verify_mode=ssl.CERT_NONE,
        )
        configuration.supported_versions = options.get("versions", configuration.supported_versions)
        # The first is tried first, whichever the client would like best.
        configuration.original_version = configuration.supported_versions[0]
        if "ciphers" in options:
            configuration.cipher_suites = [CipherSuite[name] for name in options["ciphers"]]
        async with connect(
            host,
            port,
            configuration=configuration,
            create_protocol=Http,
            session_ticket_handler=tickets.append,
            wait_connected=not tickets,
        ) as client:
            await client.get(b"www.lab.test")
        print(json.dumps(report(client, configuration.quic_logger)))


def report(client, logger):
    quic, tls = client._quic, client._quic.tls
    (trace,) = logger.to_dict()["traces"]
    told = {}
    for event in trace["events"]:
        told.setdefault(event["name"], []).append(event["data"])
    sent, received = told["transport:packet_sent"], told["transport:packet_received"]
    return {
        "status": client.status,
        "version": quic._version,
        "server_versions": [
            data["server_versions"] for data in told["transport:version_information"] if "server_versions" in data
        ],
        "alpn_offered": quic.configuration.alpn_protocols,
        "cipher": int(tls.key_schedule.cipher_suite),
        "is_resumed": tls.session_resumed,
        "is_early": tls.early_data_accepted,
        "token_len": len(quic._peer_token),
        "dcid": sent[0]["header"]["dcid"],
        "scid": sent[0]["header"]["scid"],
        "server_scids": [data["header"]["scid"] for data in received if data["header"]["packet_type"] == "handshake"],
        "sent": [data["header"]["packet_type"] for data in sent],
        "received": [data["header"]["packet_type"] for data in received],
        "parameters": next(data for data in told["transport:parameters_set"] if data["owner"] == "local"),
    }


def main():
    what, *arguments, options = sys.argv[1:]
    options = json.loads(options)
    if what == "serve":
        port, key, certificate = arguments
        asyncio.run(run_server(int(port), key, certificate, options))
    else:
        host, port = arguments
        asyncio.run(run_client(host, int(port), options))


main()
