"""PROXY protocol at lb: what is sent to a server that wants it, and what is believed from whom."""
import socket

import pytest

from origins import Origin
from raw import PROXY_SIGNATURE, Client, parse_proxy_v2, proxy_v2, tlv, wait_until

LISTED = {"proxy_protocol_from": ["127.0.0.1/32"]}


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_checksum(header_of):
    zeroed = header_of(tlv(3, b"\0\0\0\0"))
    return header_of(tlv(3, crc32c(zeroed).to_bytes(4, "big")))


@pytest.fixture
def origin(keep):
    return keep(Origin.echo())


def received(origin, size):
    wait_until(lambda: origin.connections and len(origin.connections[-1].received) >= size, what=f"{size} bytes at the server")
    return origin.connections[-1].received


# Sending.

def test_v2_names_the_client_and_carries_the_connections_id(lb, origin):
    program = lb([origin], upstream={"proxy_protocol": "v2"})
    with Client(program.port()) as client:
        client.send("payload")
        data = received(origin, 28 + len("payload"))
        header = parse_proxy_v2(data)
        assert (header.command, header.source) == (1, client.address)
        assert header.target == ("127.0.0.1", program.port())
        assert received(origin, header.size + 7)[header.size:] == b"payload"
        client.shutdown_write()
        client.read_all()
    assert program.access_log(count=1)[0]["id"] == header.tlvs[5].decode()


def test_the_header_is_sent_before_the_client_says_anything(lb, origin):
    program = lb([origin], upstream={"proxy_protocol": "v2"})
    with Client(program.port()):
        assert parse_proxy_v2(received(origin, 28)).command == 1


def test_v1_names_the_client(lb, origin):
    program = lb([origin], upstream={"proxy_protocol": "v1"})
    with Client(program.port()) as client:
        client.send("payload")
        wait_until(lambda: origin.connections and b"payload" in origin.connections[0].received)
        line = b"PROXY TCP4 127.0.0.1 127.0.0.1 %d %d\r\n" % (client.address[1], program.port())
        assert origin.connections[0].received == line + b"payload"


def test_an_ipv6_client_is_named_as_such_to_an_ipv4_server(lb, origin):
    program = lb([origin], listener={"listen": "[::1]:0"}, upstream={"proxy_protocol": "v2"})
    with Client(program.port(), host="::1") as client:
        header = parse_proxy_v2(received(origin, 16 + 36))
        assert header.source == ("::1", client.address[1]) and header.target == ("::1", program.port())


def test_what_a_listed_peer_announced_is_what_the_server_is_told(lb, origin):
    program = lb([origin], listener=LISTED, upstream={"proxy_protocol": "v2"})
    with Client(program.port(), first=proxy_v2(("192.0.2.7", 4711), ("192.0.2.1", 80))):
        header = parse_proxy_v2(received(origin, 28))
        assert (header.source, header.target) == (("192.0.2.7", 4711), ("192.0.2.1", 80))


# Receiving, from a listed peer.

GOOD = {
    "v2": (proxy_v2(), "192.0.2.7:4711"),
    "v2 over IPv6": (proxy_v2(("2001:db8::7", 4711), ("2001:db8::1", 80)), "[2001:db8::7]:4711"),
    "v2 with unknown TLVs": (proxy_v2(tlvs=tlv(0xE0, b"x" * 300) + tlv(0x04, b"")), "192.0.2.7:4711"),
    "v2 with its checksum": (with_checksum(lambda tlvs: proxy_v2(tlvs=tlvs)), "192.0.2.7:4711"),
    "v2 LOCAL": (proxy_v2(command=0), None),
    "v2 LOCAL with addresses": (proxy_v2(command=0, family=0x11), None),
    "v1": (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n", "192.0.2.7:4711"),
    "v1 over IPv6": (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n", "[2001:db8::7]:4711"),
    "v1 UNKNOWN": (b"PROXY UNKNOWN\r\n", None),
    "v1 UNKNOWN with a tail": (b"PROXY UNKNOWN ffff:f...f:ffff 65535\r\n", None),
}


@pytest.mark.parametrize("bytewise", [False, True], ids=["whole", "bytewise"])
@pytest.mark.parametrize("name", GOOD)
def test_a_good_header_is_taken_off_and_the_rest_is_payload(lb, origin, name, bytewise):
    header, announced = GOOD[name]
    program = lb([origin], listener=LISTED)
    with Client(program.port()) as client:
        data = header + b"payload" + proxy_v2()  # a second header inside the stream is payload
        client.send_bytewise(data) if bytewise else client.send(data)
        client.shutdown_write()
        assert client.read_all() == b"payload" + proxy_v2()
        own = "%s:%d" % client.address
    assert program.access_log(count=1)[0]["client"] == (announced or own)


V4 = socket.inet_aton("192.0.2.7") + socket.inet_aton("192.0.2.1") + b"\x12\x67\x00\x50"
BAD = {
    "none at all": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "v1 too long": b"PROXY UNKNOWN " + b"x" * 100 + b"\r\n",
    "v1 without CRLF": b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\n" + b"x" * 110,
    "v1 in lower case": b"proxy TCP4 192.0.2.7 192.0.2.1 4711 80\r\n",
    "v1 with two spaces": b"PROXY  TCP4 192.0.2.7 192.0.2.1 4711 80\r\n",
    "v1 TCP4 with IPv6": b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 80\r\n",
    "v1 with a padded port": b"PROXY TCP4 192.0.2.7 192.0.2.1 00080 80\r\n",
    "v1 with port 70000": b"PROXY TCP4 192.0.2.7 192.0.2.1 70000 80\r\n",
    "v1 with port -1": b"PROXY TCP4 192.0.2.7 192.0.2.1 -1 80\r\n",
    "v2 with a wrong signature": b"\r\n\r\n\0\r\nQUIT\r" + proxy_v2()[12:],
    "v2 of version 1": proxy_v2(version=1),
    "v2 of version 3": proxy_v2(version=3),
    "v2 with command 2": proxy_v2(command=2),
    "v2 shorter than its family": PROXY_SIGNATURE + b"\x21\x11\x00\x08" + V4[:8] + b"more",
    "v2 with a TLV past the end": proxy_v2(tlvs=b"\x05\x00\xff" + b"id"),
    "v2 with half a TLV head": proxy_v2(tlvs=b"\x05\x00"),
    "v2 with a wrong checksum": proxy_v2(tlvs=tlv(3, b"\1\2\3\4")),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_header_closes_and_nothing_reaches_the_server(lb, origin, name):
    program = lb([origin], listener=LISTED)
    for send in (Client.send, Client.send_bytewise):
        with Client(program.port()) as client:
            try:
                send(client, BAD[name])
            except ConnectionError:
                pass
            assert client.ended()
    assert not origin.connections or all(not c.received for c in origin.connections)
    assert program.metric("lb_connections_total") >= 2  # counted
    assert len(program.access_log(count=2)) == 2        # and logged


def test_a_header_that_drips_runs_into_the_deadline(lb, origin):
    program = lb([origin], listener={**LISTED, "timeout": {"handshake": "400ms"}})
    start = PROXY_SIGNATURE + b"\x21\x11\xff\xff" + V4
    with Client(program.port()) as client:
        client.send(start)
        assert client.ended()
    assert not origin.connections


# Receiving, from everybody else.

@pytest.mark.parametrize("header", [proxy_v2(), b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\n"], ids=["v2", "v1"])
def test_from_a_peer_not_listed_a_header_ends_the_connection(lb, origin, header):
    program = lb([origin])
    with Client(program.port()) as client:
        client.send(header + b"payload")
        assert client.ended()
    assert all(not connection.received for connection in origin.connections)
    assert len(program.access_log(count=1)) == 1


def test_from_a_peer_not_listed_a_header_is_payload_where_the_server_gets_one_of_ours(lb, origin):
    program = lb([origin], upstream={"proxy_protocol": "v2"})
    forged = proxy_v2()
    with Client(program.port()) as client:
        client.send(forged + b"payload")
        header = parse_proxy_v2(received(origin, 28))
        assert header.source == client.address
        assert received(origin, header.size + len(forged) + 7)[header.size:] == forged + b"payload"


def test_only_the_socket_decides_who_is_listed(lb, origin):
    program = lb([origin], listener={"proxy_protocol_from": ["192.0.2.0/24"]})
    with Client(program.port()) as client:
        client.send("payload").shutdown_write()
        assert client.read_all() == b"payload"


def test_what_a_client_says_after_its_header_while_a_server_is_connected_to_arrives(lb, origin):
    with socket.socket() as full:  # its queue is full: the kernel drops further SYNs
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        program = lb(["127.0.0.1:%d" % full.getsockname()[1], origin],
                     listener={**LISTED, "timeout": {"connect": "500ms"}})
        clients = [Client(program.port()).send(proxy_v2()) for _ in range(4)]
        wait_until(lambda: len(origin.connections) >= 2)  # the others are with the one that does not answer
        for n, client in enumerate(clients):
            client.send("payload %d" % n).shutdown_write()
        for n, client in enumerate(clients):
            assert client.read_all() == b"payload %d" % n
            client.close()
        for filler in fillers:
            filler.close()
