#!/usr/bin/env python3
"""Certificates of an ACME authority, end to end: the house in production, Debian's uacme, Debian's pebble as the authority.

Run as a program this enters a network and a mount namespace of its own first: the house listens on every address, the
authority's root is trusted and names have addresses there only. Exit code 77 where the system does not let it."""
import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from client import wait_until  # noqa: E402
from gate_house import CONTENT, SITE, same  # noqa: E402
from house import BINARIES, NotPossible  # noqa: E402
import production  # noqa: E402

HOST, LOST, OWN = production.HOST, "perdu.amis.test", "mien.amis.test"
AUTHORITY, MANAGEMENT, DNS, DNS_MANAGEMENT = 14000, 15000, 8053, 8055
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
LIFE_S = 90 * 24 * 3600
ELSEWHERE = "192.0.2.77"  # no way leads there in our namespace


def test_certificates_of_an_authority():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=300)
    if done.returncode == production.NOT_POSSIBLE:
        raise NotPossible("no namespaces of our own, or no pebble or uacme, here")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]


def enter_mount_namespace(folder):
    """The authority's certificate in the system's bundle, and addresses of our names."""
    clone_newns, ms_rec, ms_private, ms_bind = 0x00020000, 16384, 1 << 18, 4096
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(clone_newns) != 0 or libc.mount(b"none", b"/", None, ms_rec | ms_private, None) != 0:
        sys.exit(production.NOT_POSSIBLE)
    bundle = folder / "bundle.pem"
    bundle.write_text(Path(BUNDLE).read_text() + (folder / "pebble.pem").read_text())
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"127.0.0.1 {name}\n" for name in (HOST, SITE, LOST, OWN)))
    for new, old in ((bundle, BUNDLE), (hosts, "/etc/hosts")):
        new.chmod(0o644)
        if libc.mount(str(new).encode(), old.encode(), None, ms_bind, None) != 0:
            sys.exit(production.NOT_POSSIBLE)


def make_pair(folder, name, *names):
    extension = "subjectAltName=" + ",".join(f"DNS:{one}" for one in names)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                    f"/CN={names[0]}", "-addext", extension, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
                   check=True, capture_output=True)


class Authority:
    def __init__(self, folder, http_port):
        self.folder = folder
        settings = {"pebble": {"listenAddress": f"127.0.0.1:{AUTHORITY}", "managementListenAddress": f"127.0.0.1:{MANAGEMENT}",
                               "certificate": str(folder / "pebble.pem"), "privateKey": str(folder / "pebble.key"), "httpPort": http_port,
                               "tlsPort": 1, "certificateValidityPeriod": LIFE_S}}
        (folder / "pebble.json").write_text(json.dumps(settings))
        environment = {**os.environ, "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_VA_NOSLEEP": "1"}
        log = open(folder / "pebble.log", "ab")
        self.names = subprocess.Popen(["pebble-challtestsrv", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{DNS}", "-http01", "", "-https01", "",
                                       "-tlsalpn01", "", "-management", f"127.0.0.1:{DNS_MANAGEMENT}"], stdout=log, stderr=log)
        self.process = subprocess.Popen(["pebble", "-config", folder / "pebble.json", "-dnsserver", f"127.0.0.1:{DNS}"], stdout=log, stderr=log,
                                        env=environment)
        wait_until(lambda: answers(AUTHORITY) and answers(DNS_MANAGEMENT), 30)

    def root(self):
        trust = ssl.create_default_context(cafile=self.folder / "pebble.pem")
        text = urllib.request.urlopen(f"https://localhost:{MANAGEMENT}/roots/0", context=trust).read()
        path = self.folder / "root.pem"
        path.write_bytes(text)
        return path

    def set_address(self, name, address):
        body = json.dumps({"host": name + ".", "addresses": [address]}).encode()
        for call in ("clear-a", "add-a"):
            urllib.request.urlopen(f"http://127.0.0.1:{DNS_MANAGEMENT}/{call}", body).read()

    def stop(self):
        for process in (self.process, self.names):
            process.terminate()
            process.wait(10)


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class CertifiedHouse(production.SitesHouse):
    def write(self, url):
        self.configuration.write_text(f"house:\n  host: {HOST}\n  https_port: {self.ports['https']}\n  http_port: {self.ports['http']}\n"
                                      f"  acme_url: \"{url}\"\nmodules:\n  mail:\n    enabled: false\n")

    def states(self):
        """HOST -> (code, failures), from the file that the house keeps."""
        try:
            lines = Path(self.state, "tls", "certificates").read_text().splitlines()[1:]
        except FileNotFoundError:
            return {}
        return {words[0]: (words[1], int(words[3])) for words in (line.split("\t") for line in lines) if len(words) == 7}

    def code(self, host):
        return self.states().get(host, ("", 0))[0]

    def seen(self, host):
        """The certificate (DER) that a visitor of the host gets, whoever signed it."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports["https"])), server_hostname=host) as visit:
            return visit.getpeercert(binary_form=True)

    def proved(self, host, root):
        """Whether a strict visitor accepts what the house shows."""
        context = ssl.create_default_context(cafile=root)
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", self.ports["https"])), server_hostname=host):
                return True
        except ssl.SSLError:
            return False

    def reload(self):
        # hameaud reads its settings again and looks at every certificate again.
        before = self.process_of("gate")
        self.process.send_signal(1)
        return self.wait_restarted(before)


def told(house):
    """(passed, advice) of the admin's check of certificates."""
    # Only who is awake is asked for checks.
    house.hameau("show")
    services = house.status()["services"]
    check = next(one for service in services if service["name"] == "people" for one in service.get("checks", []) if one["name"] == "certificates")
    return check["passed"], check["advice"]


def check_without_authority(house):
    """Nothing listens at its address: the house serves with its own certificate and says why it has no other."""
    wait_until(lambda: house.code(HOST) == "authority_away", 60)
    same(house.code(HOST), "authority_away")
    same(house.states()[HOST][1], 1)
    status, fields, body = production.plain(house, "/", SITE)
    same((status, "presque prêt" in body.decode() or "almost ready" in body.decode()), (503, True), "a site without a certificate")
    same(production.plain(house, "/sign-in", HOST)[0], 308, "the house itself is reached, with a warning")
    passed, advice = told(house)
    same((passed, HOST in advice, "autorité" in advice or "authority" in advice), (False, True, True), advice)


def check_first_issue(house, root):
    wait_until(lambda: house.proved(HOST, root) and house.proved(SITE, root), 60)
    assert house.proved(HOST, root) and house.proved(SITE, root), house.states()
    same((house.code(HOST), house.code(SITE)), ("fine", "fine"))
    wait_until(lambda: told(house)[0], 20)
    same(told(house), (True, ""), "nothing is left to tell")
    same(production.plain(house, "/", SITE)[0], 308, "now there is something to redirect to")
    same(list(Path(house.state, "tls", "acme-challenge").iterdir()), [], "no token stays")
    for file in ("tls/default.pem", f"tls/hosts/{SITE}.pem"):
        facts = Path(house.state, file).stat()
        same((facts.st_uid, facts.st_gid, facts.st_mode & 0o777), (0, 62001, 0o640), file)
    # The authority's client never had a key of ours: nothing below its folder is readable by others or ours.
    same(Path(house.state, "acme").stat().st_uid, 0)


def check_failing_challenge(house, authority, root):
    """Another machine has the name: said, served on, and whole again once the name leads here."""
    authority.set_address(LOST, ELSEWHERE)
    house.hameau("site", "add", "amis", LOST)
    wait_until(lambda: house.states().get(LOST, ("", 0))[1] > 0, 60)
    same(house.states()[LOST], ("unreachable", 1))
    same(production.plain(house, "/", LOST)[0], 503)
    assert house.proved(SITE, root), "one bad name hinders no other"
    authority.set_address(LOST, "127.0.0.1")
    house.reload()
    wait_until(lambda: house.proved(LOST, root), 60)
    # The gate finds the file by itself; the state is written a moment later.
    wait_until(lambda: house.states()[LOST][0] == "fine", 20)
    same(house.states()[LOST], ("fine", 0))


def check_what_the_admin_put_there_stays(house, folder):
    make_pair(folder, "own", OWN)
    file = Path(house.state, "tls", "hosts", f"{OWN}.pem")
    text = (folder / "own.pem").read_text() + (folder / "own.key").read_text()
    file.write_text(text)
    file.chmod(0o640)
    os.chown(file, 0, 62001)
    house.hameau("site", "add", "amis", OWN)
    house.reload()
    wait_until(lambda: house.code(OWN) == "own", 60)
    same(file.read_text(), text)
    same(house.seen(OWN), ssl.PEM_cert_to_DER_cert((folder / "own.pem").read_text()))


def age(house, folder, host):
    """Puts a certificate for the same key into the place of the one that the house has, as if it were 70 of its 90 days old."""
    file = Path(house.state, "tls", "hosts", f"{host}.pem")
    place = folder / "aged"
    place.mkdir()
    (place / "key.pem").write_text(file.read_text()[file.read_text().index("-----BEGIN PRIVATE KEY-----"):])
    (place / "index").write_text("")
    (place / "conf").write_text(f"""[ca]\ndefault_ca=own\n[own]\ndatabase={place}/index\nnew_certs_dir={place}\nrand_serial=yes\ndefault_md=sha256
policy=any\nx509_extensions=names\nunique_subject=no\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:{host}\n[req]\ndistinguished_name=none\n[none]\n""")

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=place)

    def day(days):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))

    openssl("req", "-new", "-key", "key.pem", "-subj", f"/CN={host}", "-config", "conf", "-out", "request.pem")
    openssl("ca", "-batch", "-selfsign", "-config", "conf", "-keyfile", "key.pem", "-in", "request.pem", "-startdate", day(-70), "-enddate", day(20),
            "-notext", "-out", "aged.pem")
    text = (place / "aged.pem").read_text()
    # As after a crash between the file and the state: the state knows nothing of this certificate, its own first line says whose it is.
    first, _ = file.read_text().split("\n", 1)
    assert first.startswith("Made by Hameau"), first
    file.write_text(first + "\n" + text + (place / "key.pem").read_text())
    return ssl.PEM_cert_to_DER_cert(text)


def check_renewal(house, folder, root):
    """Due when a third of its life is left; who is connected keeps the connection; the key stays (DANE)."""
    before = age(house, folder, SITE)
    key = Path(house.state, "tls", "hosts", f"{SITE}.pem").read_text().split("-----BEGIN PRIVATE KEY-----")[1]
    # A name that is asked for wakes the house: a turn looks at all of them. The gate is not restarted.
    gate = house.process_of("gate")["pid"]
    request = f"GET / HTTP/1.1\r\nHost: {SITE}\r\n\r\n".encode()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(("127.0.0.1", house.ports["https"])), server_hostname=SITE) as held:
        held.sendall(request)
        assert held.recv(200).startswith(b"HTTP/1.1 200"), "before"
        house.hameau("site", "add", "amis", "neuf.amis.test")
        wait_until(lambda: house.code("neuf.amis.test") != "" and house.proved(SITE, root) and house.seen(SITE) != before, 60)
        assert house.proved(SITE, root) and house.seen(SITE) != before, house.states()
        held.setblocking(True)
        while b"</html>" not in held.recv(1 << 16).lower() and held.pending():
            pass
        held.sendall(request)
        assert held.recv(200), "the connection that was held goes on"
    same(house.process_of("gate")["pid"], gate)
    same(Path(house.state, "tls", "hosts", f"{SITE}.pem").read_text().split("-----BEGIN PRIVATE KEY-----")[1], key, "the key")
    same(house.code("neuf.amis.test"), "fine", "no DNS server answers the house here: the authority is asked and decides")


def check_a_gate_that_is_away_during_a_turn(house, root):
    """One name's challenge found nobody, and the turn goes on with the next one when the gate is back: the first is asked for again
    at once, not after its ten minutes."""
    late = ["tard-1.amis.test", "tard-2.amis.test"]
    gate = house.process_of("gate")["pid"]
    os.kill(gate, signal.SIGSTOP)
    for name in late:
        house.hameau("site", "add", "amis", name)
    wait_until(lambda: any(house.states().get(name, ("", 0))[1] > 0 for name in late), 60)
    os.kill(gate, signal.SIGKILL)
    wait_until(lambda: all(house.code(name) == "fine" for name in late), 90)
    same([house.states()[name] for name in late], [("fine", 0)] * 2)
    assert all(house.proved(name, root) for name in late)


def check_what_the_admin_puts_there_during_an_order_stays(house, folder):
    """The order is held at its challenge (the gate is stopped), the admin's own file comes, and the order then succeeds."""
    host = "entretemps.amis.test"
    make_pair(folder, "meanwhile", host)
    text = (folder / "meanwhile.pem").read_text() + (folder / "meanwhile.key").read_text()
    challenges = Path(house.state, "tls", "acme-challenge")
    gate = house.process_of("gate")["pid"]
    os.kill(gate, signal.SIGSTOP)
    try:
        house.hameau("site", "add", "amis", host)
        assert wait_until(lambda: any(challenges.iterdir()), 60), "the order has not begun"
        file = Path(house.state, "tls", "hosts", f"{host}.pem")
        file.write_text(text)
        file.chmod(0o640)
        os.chown(file, 0, 62001)
    finally:
        os.kill(gate, signal.SIGCONT)
    assert wait_until(lambda: not any(challenges.iterdir()), 60), "the order has not ended"
    house.reload()
    wait_until(lambda: house.code(host) == "own", 60)
    same(file.read_text(), text)
    same(house.seen(host), ssl.PEM_cert_to_DER_cert((folder / "meanwhile.pem").read_text()))


def check_turns_that_fail_as_a_whole(house):
    """Neither is a name renewed then, nor does one say why: the admin is told, and told when it is over."""
    wait_until(lambda: told(house)[0], 30)
    same(told(house)[0], True, told(house))
    file = Path(house.state, "tls", "certificates")
    kept = file.read_text()
    file.unlink()
    file.mkdir()
    for _ in range(5):
        house.reload()
        time.sleep(3)
    wait_until(lambda: not told(house)[0], 30)
    passed, advice = told(house)
    same((passed, "journalctl -u hameau" in advice), (False, True), advice)
    file.rmdir()
    file.write_text(kept)
    house.reload()
    wait_until(lambda: told(house)[0], 30)
    same(told(house), (True, ""), "it is over")


def run():
    if os.geteuid() != 0 or not all(shutil.which(name) for name in ("pebble", "pebble-challtestsrv", "uacme", "openssl")):
        sys.exit(production.NOT_POSSIBLE)
    production.enter_network_namespace()
    folder = Path(tempfile.mkdtemp(prefix="hameau-authority-"))
    folder.chmod(0o755)
    make_pair(folder, "pebble", "localhost")
    enter_mount_namespace(folder)
    house = CertifiedHouse()
    house.write(f"https://localhost:{AUTHORITY}/dir")
    authority = None
    try:
        house.start()
        check_without_authority(house)
        authority = Authority(folder, house.ports["http"])
        root = authority.root()
        house.reload()
        check_first_issue(house, root)
        check_failing_challenge(house, authority, root)
        check_what_the_admin_put_there_stays(house, folder)
        check_renewal(house, folder, root)
        check_a_gate_that_is_away_during_a_turn(house, root)
        check_what_the_admin_puts_there_during_an_order_stays(house, folder)
        check_turns_that_fail_as_a_whole(house)
    except Exception:
        print(house.tail(), file=sys.stderr)
        print((folder / "pebble.log").read_text()[-3000:] if (folder / "pebble.log").exists() else "", file=sys.stderr)
        raise
    finally:
        house.stop()
        house.remove()
        if authority:
            authority.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run()
