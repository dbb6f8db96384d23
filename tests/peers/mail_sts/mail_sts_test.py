"""What hameau-mta-sts tells Postfix of other domains (RFC 8461), with real DNS packets, real TLS and Postfix's own client of the map."""
import http.server
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/support"))
from engines import Engines  # noqa: E402
from house import main  # noqa: E402
from small_dns import SmallDns  # noqa: E402

PUBLIC = "185.1.2.3"  # of this namespace alone: an address of the neighbourhood is never asked
place = Path(tempfile.mkdtemp(prefix="hameau-sts-"))
PROGRAM = ROOT / "build/release/hameau-mta-sts"
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx.{0}\r\nmx: *.{0}\r\nmax_age: 3600\r\n"
ENFORCED = "secure match=mx.{0}:.{0} servername=hostname"


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=place)


def make_certificates():
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test")
    (place / "names").write_text("subjectAltName=DNS:mta-sts.good.example,DNS:mta-sts.testing.example,DNS:mta-sts.moved.example,DNS:mta-sts.large.example,"
                                 "DNS:mta-sts.slow.example,DNS:mta-sts.near.example,DNS:mta-sts.html.example,DNS:mta-sts.late.example\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "web.key", "-out", "web.csr", "-subj", "/CN=web")
    openssl("x509", "-req", "-in", "web.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2", "-extfile", "names", "-out", "web.pem")


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version, policies, fetched = "HTTP/1.1", {}, []

    def do_GET(self):
        domain = self.headers["Host"].removeprefix("mta-sts.")
        Web.fetched.append(domain)
        status, kind, text = Web.policies.get(domain, (404, "text/plain", ""))
        if domain == "slow.example":
            time.sleep(30)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Location", "https://mta-sts.good.example/.well-known/mta-sts.txt")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())
        self.close_connection = True

    def log_message(self, *_):
        pass


def serve_web(address):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place / "web.pem", place / "web.key")
    server = http.server.ThreadingHTTPServer((address, 443), Web)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def serve_map():
    """What Postfix's spawn does: one process for each connection, its socket as standard input and output."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "map"))
    listener.listen()
    while True:
        connection, _ = listener.accept()
        subprocess.Popen([PROGRAM, place / "kept", place / "ca.pem"], stdin=connection, stdout=connection)
        connection.close()


def ask(domain):
    done = subprocess.run(["postmap", "-c", place, "-q", domain, f"socketmap:unix:{place}/map:mta-sts"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 or (done.returncode == 1 and not done.stderr), (done.returncode, done.stderr)
    return done.stdout.strip()


def domain_with(domain, policy=None, kind="text/plain", status=200, number="1", address=PUBLIC):
    dns.records["_mta-sts." + domain, "TXT"] = [f"v=STSv1; id={number};"]
    dns.records["mta-sts." + domain, "A"] = [address]
    Web.policies[domain] = (status, kind, POLICY.format(domain) if policy is None else policy)


def test_an_enforced_policy_is_told_and_fetched_once():
    domain_with("good.example")
    assert ask("good.example") == ENFORCED.format("good.example")
    assert ask("good.example") == ENFORCED.format("good.example")
    assert Web.fetched.count("good.example") == 1, Web.fetched


def test_a_new_id_brings_the_new_policy():
    domain_with("good.example", POLICY.format("good.example").replace("enforce", "testing"), number="2")
    assert ask("good.example") == ""
    domain_with("good.example", number="3")
    assert ask("good.example") == ENFORCED.format("good.example")


def test_who_hides_record_or_server_later_gains_nothing():
    del dns.records["_mta-sts.good.example", "TXT"]
    assert ask("good.example") == ENFORCED.format("good.example"), "no record: the kept policy counts until it ends"
    domain_with("good.example", "", status=404, number="4")
    assert ask("good.example") == ENFORCED.format("good.example"), "the new policy cannot be fetched"
    dns.silent.add("_mta-sts.good.example")
    assert ask("good.example") == ENFORCED.format("good.example"), "DNS is silent"
    dns.silent.clear()
    kept = place / "kept/good.example"
    kept.write_text("1 1000 0\n" + kept.read_text().split("\n", 1)[1])
    del dns.records["_mta-sts.good.example", "TXT"]
    assert ask("good.example") == "", "it has ended"


def test_nothing_else_is_believed():
    for domain, more in (("testing.example", {"policy": POLICY.format("x.example").replace("enforce", "testing")}), ("moved.example", {"status": 301}),
                         ("large.example", {"policy": POLICY.format("x.example") + "x: " + "y" * 100000}), ("html.example", {"kind": "text/html"}),
                         ("unnamed.example", {})):
        domain_with(domain, **more)
        assert ask(domain) == "", domain
        assert domain == "testing.example" or ask(domain) == "", domain
        assert Web.fetched.count(domain) == (0 if domain == "unnamed.example" else 1), "a certificate of another name, or a failure that was not remembered"
    for asked in ("[relay.example]:587", "10.0.0.1", "nodots", ".example", "..", "a/../../b.example"):
        assert ask(asked) == "", asked


def test_an_address_of_the_neighbourhood_is_not_asked():
    domain_with("near.example", address="127.0.0.1")
    assert ask("near.example") == "" and "near.example" not in Web.fetched


def test_a_server_that_waits_holds_a_message_for_a_moment_only():
    domain_with("slow.example")
    begin = time.time()
    assert ask("slow.example") == ""
    first = time.time() - begin
    assert 5 < first < 15, first
    begin = time.time()
    assert ask("slow.example") == "" and time.time() - begin < 2, "the failure is not remembered"


class Production(Engines):
    """Postfix alone, with the configuration of a house that is on the internet."""

    def environment(self, role):
        more = super().environment(role)
        return more if self.authority else {name: value for name, value in more.items() if name != "HAMEAU_TRIAL"}

    def flat_settings(self):
        words = [str(self.binaries / "hameau-check"), "--name", "production", "--set", "house.host=maison.example"]
        words += [word for name, port in self.ports.items() for word in ("--set", f"{'house' if name in ('https', 'http') else 'mail'}.{name}_port={port}")]
        return subprocess.run(words + ["-"], input=b"{}\n", stdout=subprocess.PIPE, check=True).stdout

    def provision(self, verb, check=True):
        self.authority = verb == "trial-ca"
        return super().provision(verb, check)


def test_postfix_itself_starts_it():
    subprocess.run(["mount", "--bind", str(place / "ca.pem"), os.path.realpath("/etc/ssl/certs/ca-certificates.crt")], check=True)
    engines = Production(29500)
    engines.authority = False
    domain_with("late.example")
    try:
        engines.prepare()
        engines.start_postfix()
        folder = f"{engines.state}/engines/postfix"
        service = Path(folder, "queue/private/mta-sts")
        deadline = time.time() + 15
        while not service.exists() and time.time() < deadline:
            time.sleep(0.1)
        maps = subprocess.run(["postconf", "-c", folder, "-h", "smtp_tls_policy_maps"], capture_output=True, text=True, check=True).stdout.strip()
        assert maps == "socketmap:unix:private/mta-sts:mta-sts", maps
        done = subprocess.run(["postmap", "-c", folder, "-q", "late.example", maps.replace("private/", f"{folder}/queue/private/")], capture_output=True, text=True, timeout=60)
        log = Path(engines.state, "log/postfix.log").read_text()[-1500:]
        assert done.stdout.strip() == ENFORCED.format("late.example"), (done.stdout, done.stderr, log)
        kept = Path(folder, "mta-sts/late.example").stat()
        assert kept.st_uid == pwd.getpwnam("dovenull").pw_uid and kept.st_mode & 0o777 == 0o600, kept
    finally:
        for process in engines.processes.values():
            process.terminate()
            process.wait(20)
        shutil.rmtree(engines.state, ignore_errors=True)


def prepare():
    make_certificates()
    (place / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    os.chmod(place / "resolv.conf", 0o644)
    subprocess.run(["mount", "--bind", str(place / "resolv.conf"), os.path.realpath("/etc/resolv.conf")], check=True)
    (place / "kept").mkdir()
    (place / "main.cf").write_text("compatibility_level = 3.6\n")
    serve_web(PUBLIC)
    serve_web("127.0.0.1")
    threading.Thread(target=serve_map, daemon=True).start()
    return SmallDns()


if __name__ == "__main__":
    dns = prepare()
    try:
        code = main([test_an_enforced_policy_is_told_and_fetched_once, test_a_new_id_brings_the_new_policy, test_who_hides_record_or_server_later_gains_nothing,
                     test_nothing_else_is_believed, test_an_address_of_the_neighbourhood_is_not_asked,
                     test_postfix_itself_starts_it, test_a_server_that_waits_holds_a_message_for_a_moment_only])
    finally:
        shutil.rmtree(place, ignore_errors=True)
    os._exit(code)
