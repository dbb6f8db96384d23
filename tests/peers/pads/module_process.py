"""One real hameau-pads process as hameaud would start it, without the rest of the house; started again when it dies.

Talks to it as the gate does: HTTP over its Unix socket with Hameau-* headers."""
import contextlib
import fcntl
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[3]
BINARIES = Path(os.environ.get("HAMEAU_BINARIES", ROOT / "build" / "release"))
SETTINGS = {"pads.limits.frame_max": str(16 << 20), "pads.limits.pad_max": str(32 << 20), "pads.idle_stop": "0",
            "pads.limits.image_max": str(2 << 20), "pads.limits.import_max": str(1 << 20), "pads.limits.import_images_max": str(3 << 20),
            "house.host": "localhost", "house.https_port": "8443", "house.sandbox": "kill"}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


SESSIONS = {}  # whose they are, as identity() told the module
ENDED = set()  # of them


class FakePeople(threading.Thread):
    """The process people, as far as pads asks it: what an association may use, who has a login, whose a session is."""

    def __init__(self, path, quota_bytes=1 << 30):
        super().__init__(daemon=True)
        self.quota_bytes, self.language = quota_bytes, "fr"
        self.members = {"marie": "m" * 26, "yann": "y" * 26, "rozenn": "r" * 26}  # who has a login now
        Path(path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        self.start()

    def run(self):
        while True:
            connection, slug = self.hear()
            slug, _, question = slug.partition("?logins=")
            named = {login: self.members[login] for login in question.split(",") if login in self.members}
            self.answer(connection, {"slug": slug, "name": slug, "domains": [], "quota_bytes": self.quota_bytes,
                                     "language": self.language, "members": named})

    def hear(self):
        """The next question about an association; others are answered at once."""
        while True:
            connection = self.listener.accept()[0]
            head, body = self.request_of(connection)
            if not head:
                connection.close()  # the module was killed while it asked
                continue
            path = head.split()[1].decode()
            if path == "/internal/identity":
                session = json.loads(body)["session"]
                if session in ENDED:
                    self.answer(connection, {"code": "not_found"}, "404 Not Found")
                    continue
                member, login, name, roles = SESSIONS[session]
                associations = [dict(zip(("slug", "role"), one.split("="))) for one in roles.split(",") if "=" in one]
                self.answer(connection, {"member": member, "login": login, "name": unquote(name), "admin": False, "associations": associations})
            elif path == "/internal/usage":
                self.answer(connection, {"quota_bytes": self.quota_bytes, "others_bytes": 0})
            else:
                return connection, path.rsplit("/", 1)[-1]

    @staticmethod
    def request_of(connection):
        """(header section, body); both empty when the other side went away before the end."""
        text, size = b"", None
        while size is None or len(text) < size:
            try:
                piece = connection.recv(4096)
            except ConnectionResetError:
                piece = b""
            if not piece:
                return b"", b""
            text += piece
            if size is None and b"\r\n\r\n" in text:
                length = re.search(rb"\r\ncontent-length: (\d+)", text.split(b"\r\n\r\n")[0].lower())
                size = text.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
        return tuple(text.split(b"\r\n\r\n", 1))

    @staticmethod
    def answer(connection, document, status="200 OK"):
        body = json.dumps(document).encode()
        with connection, contextlib.suppress(OSError):  # who asked may be killed
            connection.sendall(b"HTTP/1.1 " + status.encode() + b"\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                               + str(len(body)).encode() + b"\r\n\r\n" + body)


class ModuleProcess:
    def __init__(self, state, settings=None, name="pads", environment=None, pid_file=None):
        """`environment`: more variables, read at each start. `pid_file`: elsewhere, when the disk of `state` will be full."""
        self.environment = environment if environment is not None else {}
        self.state, self.name, self.ending, self.process = Path(state), name, False, None
        self.settings = {**SETTINGS, **(settings or {})}
        for folder in ("run", "log", name):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        self.socket_path = str(self.state / "run" / f"{name}.sock")
        Path(self.socket_path).unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket_path)
        self.listener.listen(512)
        self.pid_file = Path(pid_file) if pid_file else self.state / "pid"
        self.starts, self.exits = 0, []
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.keeper.start()
        deadline = time.time() + 20
        while not self.pid_file.exists():
            assert time.time() < deadline, "it did not start"
            time.sleep(0.01)

    def _spawn(self):
        control, child_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control = control
        settings = os.memfd_create("settings", 0)
        os.write(settings, "".join(f"{key}\t{value}\n" for key, value in sorted(self.settings.items())).encode())
        os.lseek(settings, 0, os.SEEK_SET)
        uid = os.getuid()
        # As hameaud does: the helper's program is lent open, beside the listener.
        helper = os.open(BINARIES / "hameau-convert", os.O_RDONLY)
        environment = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": f"{self.name}:convert", "HAMEAU_STATE": str(self.state),
                       "HAMEAU_ROLE": self.name, "HAMEAU_CONTROL_FD": "5", "HAMEAU_SETTINGS_FD": "6",
                       "HAMEAU_UIDS": " ".join(f"{role}={uid}" for role in ("gate", "admin", "people", "pads"))}
        environment.update(self.environment)
        # Out of the way of 3 to 6, so that no move covers another; bash moves them and becomes the program.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 50) for fd in (self.listener.fileno(), helper, child_control.fileno(), settings)]
        # LISTEN_PID must be the child's own pid: a shell that becomes the program knows it.
        log = open(self.state / "log" / f"{self.name}.log", "ab")
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", 'LISTEN_PID=$$ exec "$0" 3<&"$1"- 4<&"$2"- 5<&"$3"- 6<&"$4"-', str(BINARIES / f"hameau-{self.name}"),
             *map(str, high)],
            env=environment, cwd=self.state / self.name, pass_fds=high, stderr=log, stdin=subprocess.DEVNULL)
        for fd in high:
            os.close(fd)
        child_control.close()
        os.close(settings)
        os.close(helper)
        log.close()
        temporary = self.pid_file.with_suffix(".new")
        temporary.write_text(str(self.process.pid))
        temporary.rename(self.pid_file)
        self.starts += 1

    def _keep(self):
        while not self.ending:
            self._spawn()
            self.exits.append(self.process.wait())
            self.control.close()

    def call(self, method, path, body=None, who=None, headers=None):
        """(status, headers, bytes) as the gate would ask for `who` = (member, login, name, roles). Bytes go as they are."""
        connection = UnixConnection(self.socket_path)
        sent = {"Hameau-Caller": "gate", "Hameau-Scheme-Host": "https://localhost:8443", **identity(who), **(headers or {})}
        data = body if isinstance(body, bytes) else json.dumps(body) if body is not None else None
        connection.request(method, path, body=data, headers=sent)
        answer = connection.getresponse()
        try:
            return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read()
        finally:
            connection.close()

    def log(self):
        return (self.state / "log" / f"{self.name}.log").read_text(errors="replace")

    def stop(self):
        self.ending = True
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.keeper.join(15)
        return self.exits[-1] if self.exits else None


def identity(who):
    if who is None:
        return {}
    member, login, name, roles = who
    session = f"s-{member[:4]}-{login}"
    SESSIONS[session] = who
    return {"Hameau-Member": member, "Hameau-Session": session, "Hameau-Login": login, "Hameau-Name": name, "Hameau-Roles": roles}


def png(width, height, pixels=None):
    """A picture with a text chunk that must not stay; of these pixels, three bytes each."""
    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    rows = b"".join(b"\0" + (pixels[y * width * 3:(y + 1) * width * 3] if pixels else bytes((x * (i + 1) + y) % 251 for x in range(width) for i in range(3)))
                    for y in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Author\0secret") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
