"""The mail engines alone: hameau-provision, hameau-milter, Dovecot and Postfix as hameaud starts them, without the house.

For tests that fill mail.db and auth.db themselves (modules/mail/manifest.cpp, auth_schema.hpp). Needs root.
"""
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

from house import BINARIES, PORT_NAMES

UIDS = {"gate": 62001, "people": 62002, "mail": 62003, "sites": 62004, "pads": 62005, "admin": 62006, "check": 62007,
        "milter": 62009, "dovemail": 62010, "acme": 62011, "backup": 62012, "versions": 62013}
INTERNAL = 62000


def argon2id(password):
    """As people makes it: libsodium's crypto_pwhash_str, 2 passes over 19 MiB."""
    sodium = ctypes.CDLL("libsodium.so.23")
    out = ctypes.create_string_buffer(128)
    word = password.encode()
    if sodium.sodium_init() < 0 or sodium.crypto_pwhash_str(out, word, ctypes.c_ulonglong(len(word)), ctypes.c_ulonglong(2),
                                                            ctypes.c_size_t(19 << 20)) != 0:
        raise RuntimeError("libsodium")
    return "{ARGON2ID}" + out.value.decode()


def app_password_hash(text):
    return "{SHA256.HEX}" + hashlib.sha256(text.encode()).hexdigest()


class Engines:
    def __init__(self, base_port=25000, settings=(), state=None, binaries=BINARIES):
        self.made = state is None
        self.state = state or tempfile.mkdtemp(prefix="hameau-mail-")
        os.chmod(self.state, 0o755)
        self.ports = {name: base_port + i for i, name in enumerate(PORT_NAMES)}
        self.settings, self.binaries, self.host = list(settings), Path(binaries), "localhost"
        self.processes = {}

    @property
    def ca(self):
        return os.path.join(self.state, "tls", "ca.pem")

    def tls(self):
        return ssl.create_default_context(cafile=self.ca)

    def flat_settings(self):
        words = [str(self.binaries / "hameau-check"), "--name", "trial", "--trial", "--set", "house.host=localhost"]
        for name, port in self.ports.items():
            section = "house" if name in ("https", "http") else "mail"
            words += ["--set", f"{section}.{name}_port={port}"]
        for setting in self.settings:
            words += ["--set", setting]
        return subprocess.run(words + ["-"], input=b"{}\n", stdout=subprocess.PIPE, check=True).stdout

    def environment(self, role):
        return {"HAMEAU_ROLE": role, "HAMEAU_STATE": self.state, "HAMEAU_BINARIES": str(self.binaries),
                "HAMEAU_UIDS": " ".join(f"{k}={v}" for k, v in UIDS.items()), "HAMEAU_TRIAL": "1",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}

    def settings_fd(self):
        fd = os.memfd_create("settings", 0)
        os.write(fd, self.flat_settings())
        os.lseek(fd, 0, os.SEEK_SET)
        os.set_inheritable(fd, True)
        return fd

    def provision(self, verb, check=True):
        fd = self.settings_fd()
        done = subprocess.run([str(self.binaries / "hameau-provision"), verb], pass_fds=[fd], cwd=self.state,
                              env={**self.environment("provision"), "HAMEAU_SETTINGS_FD": str(fd)}, capture_output=True)
        os.close(fd)
        if check and done.returncode != 0:
            raise RuntimeError(f"hameau-provision {verb}: {done.stderr.decode()}")
        return done

    def prepare(self):
        for name, mode, owner, group in (("run", 0o755, 0, 0), ("log", 0o755, 0, 0), ("tls", 0o755, 0, 0),
                                         ("tls/hosts", 0o750, 0, UIDS["gate"]), ("mail", 0o755, UIDS["mail"], UIDS["mail"]),
                                         ("milter", 0o700, UIDS["milter"], UIDS["milter"])):
            path = os.path.join(self.state, name)
            os.makedirs(path, exist_ok=True)
            os.chmod(path, mode)
            os.chown(path, owner, group)
        self.provision("trial-ca")
        self.provision("mail-engines")

    def spawn(self, name, words, **more):
        log = open(os.path.join(self.state, "log", f"{name}.log"), "ab")
        self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                start_new_session=True, **more)
        log.close()

    def start_milter(self):
        import grp
        path = os.path.join(self.state, "run", "milter.sock")
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        here = os.getcwd()
        os.chdir(os.path.dirname(path))
        listener.bind("milter.sock")
        os.chdir(here)
        os.chmod(path, 0o666)
        listener.listen(64)
        settings = self.settings_fd()
        uid = UIDS["milter"]
        # 3 is the listener, 4 the settings; each exec keeps the pid that LISTEN_PID names.
        script = (f"export LISTEN_PID=$$; exec 3<&{listener.fileno()} 4<&{settings}; exec setpriv --reuid {uid} --regid {uid} "
                  f"--groups {INTERNAL},{grp.getgrnam('postfix').gr_gid} --no-new-privs {self.binaries}/hameau-milter")
        self.spawn("milter", ["bash", "-c", script], pass_fds=[listener.fileno(), settings],
                   cwd=os.path.join(self.state, "milter"),
                   env={**self.environment("milter"), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "milter",
                        "HAMEAU_SETTINGS_FD": "4"})
        listener.close()
        os.close(settings)

    def start_dovecot(self):
        self.spawn("dovecot", ["/usr/sbin/dovecot", "-F", "-c", f"{self.state}/engines/dovecot/dovecot.conf"])

    def start_postfix(self):
        self.spawn("postfix", ["/usr/lib/postfix/sbin/master", "-s", "-c", f"{self.state}/engines/postfix"])

    def start(self, milter=True):
        self.prepare()
        if milter:
            self.start_milter()
        self.start_dovecot()
        self.start_postfix()
        for name in ("smtp", "submission", "submissions", "imap", "imaps", "sieve"):
            self.wait_port(name)
        return self

    def wait_port(self, name, seconds=15):
        deadline = time.time() + seconds
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.ports[name]), 2).close()
                return
            except OSError:
                if time.time() > deadline:
                    raise RuntimeError(f"{name} does not answer\n{self.tail()}")
                time.sleep(0.05)

    def tail(self):
        return "\n".join(f"--- {f.name}\n" + f.read_text(errors="replace")[-3000:]
                         for f in sorted(Path(self.state, "log").glob("*.log")))

    def log_of(self, name):
        return Path(self.state, "log", f"{name}.log").read_text(errors="replace")

    def stop(self):
        for name in ("postfix", "dovecot", "milter"):
            process = self.processes.pop(name, None)
            if process and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(8)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if process:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def remove(self):
        if self.made:
            shutil.rmtree(self.state, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.remove()

    # The tables, as hameau-mail would fill them.
    def databases(self):
        mail = sqlite3.connect(os.path.join(self.state, "mail", "mail.db"), isolation_level=None, timeout=5)
        auth = sqlite3.connect(os.path.join(self.state, "mail", "auth", "auth.db"), isolation_level=None, timeout=5)
        for database in (mail, auth):
            database.execute("PRAGMA foreign_keys=ON")
        return mail, auth


if __name__ == "__main__":
    import sys
    with Engines(settings=sys.argv[1:]) as engines:
        print(engines.state, engines.ports, flush=True)
        signal.pause()
