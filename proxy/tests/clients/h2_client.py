"""h2 through the proxy, frame by frame: `h2_client.py PORT...`."""

import socket
import sys

import h2.config
import h2.connection
import h2.events
import h2.settings

STREAMS = 50
# Not by the server's answer: it must not hold what the client has no window for.
SMALL_WINDOW = 1_000


class Client:
    """One connection, and what came on its streams."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.port = port
        self.heads, self.bodies, self.ends, self.others = {}, {}, {}, []
        # Whether windows are given back as data comes.
        self.reads = True
        self.http.initiate_connection()
        self.flush()

    def flush(self):
        """Sends what waits."""
        self.socket.sendall(self.http.data_to_send())

    def request(self, path, method="GET", more=False, extra=()):
        """Begins a request."""
        stream = self.http.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", "shop"), (":path", path), *extra]
        self.http.send_headers(stream, fields, end_stream=not more)
        self.flush()
        return stream

    def step(self):
        """Reads once."""
        data = self.socket.recv(65_536)
        assert data, "the proxy has closed"
        for event in self.http.receive_data(data):
            stream = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.ResponseReceived):
                self.heads[stream] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.bodies[stream] = self.bodies.get(stream, b"") + event.data
                if self.reads:
                    self.http.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                self.ends[stream] = "end"
            elif isinstance(event, h2.events.StreamReset):
                self.ends[stream] = f"reset {event.error_code}"
            else:
                self.others.append(event)
        self.flush()

    def answer(self, stream):
        """Waits for the end of a stream."""
        while stream not in self.ends:
            self.step()
        return self.heads.get(stream), self.bodies.get(stream, b""), self.ends[stream]

    def upload(self, stream, data):
        """Sends a body within the windows."""
        while data:
            room = min(self.http.local_flow_control_window(stream), self.http.max_outbound_frame_size, len(data))
            if room == 0:
                self.step()
                continue
            self.http.send_data(stream, data[:room])
            data = data[room:]
            self.flush()
        self.http.end_stream(stream)
        self.flush()


def many(client):
    """Streams side by side, their bodies sent in turns."""
    streams = [client.request("/echo", "POST", more=True) for _ in range(STREAMS)]
    for part in range(5):
        for stream in streams:
            client.http.send_data(stream, f"{stream}:{part};".encode())
        client.flush()
    for stream in streams:
        client.http.end_stream(stream)
    client.flush()
    for stream in streams:
        head, body, end = client.answer(stream)
        wanted = "".join(f"{stream}:{part};" for part in range(5)).encode()
        assert head[":status"] == "200" and body == wanted and end == "end", (head, body, end)


def large(client):
    """More than every window, up and down on one stream at once."""
    data = bytes(range(256)) * 8_000
    stream = client.request("/echo", "POST", more=True)
    client.upload(stream, data)
    _, body, end = client.answer(stream)
    assert body == data and end == "end", (len(body), end)


def narrow(client):
    """The proxy keeps to a small window, and goes on when it grows."""
    client.http.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: SMALL_WINDOW})
    client.flush()
    while not any(isinstance(event, h2.events.SettingsAcknowledged) for event in client.others):
        client.step()
    client.reads = False
    stream = client.request("/length/20000")
    while len(client.bodies.get(stream, b"")) < SMALL_WINDOW:
        client.step()
    # A PING behind it shows that nothing more is on its way.
    client.http.ping(b"narrowly")
    client.flush()
    while not any(isinstance(event, h2.events.PingAckReceived) for event in client.others):
        client.step()
    assert len(client.bodies[stream]) == SMALL_WINDOW
    client.http.increment_flow_control_window(30_000, stream)
    client.flush()
    assert len(client.answer(stream)[1]) == 20_000
    client.reads = True


def given_up(client):
    """Streams that the client resets are gone, and the others stay."""
    for _ in range(20):
        stream = client.request("/slow/1000")
        while stream not in client.heads:
            client.step()
        client.http.reset_stream(stream, 8)
        client.flush()
    assert client.answer(client.request("/status/404"))[0][":status"] == "404"


def fields(client):
    """Many fields, some never indexed, cookies in crumbs, padding, priority."""
    extra = [(f"x-field-{number}", "v" * number) for number in range(60)]
    extra += [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")]
    _, body, _ = client.answer(client.request("/headers?x=%20y", extra=extra))
    print("fields", body.decode().replace(str(client.port), "PORT"))
    stream = client.request("/count", "POST", more=True)
    client.http.send_data(stream, b"padded", pad_length=100)
    client.http.prioritize(stream, weight=20)
    client.http.end_stream(stream)
    client.flush()
    print("padded", client.answer(stream)[1].decode())
    head, body, _ = client.answer(client.request("/length/77", "HEAD"))
    assert head["content-length"] == "77" and body == b"", head
    stream = client.request("/early", "POST", more=True)
    head, body, end = client.answer(stream)
    print("early", head[":status"], body, end)


def main():
    """Everything on one connection a port."""
    for port in map(int, sys.argv[1:]):
        client = Client(port)
        for part in (many, large, fields, given_up, narrow):
            part(client)
            print(part.__name__)
        settings = client.http.remote_settings
        print("settings", settings.max_concurrent_streams, settings.initial_window_size, settings.max_frame_size)
        client.http.close_connection()
        client.flush()


main()
