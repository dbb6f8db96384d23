"""SPF, DKIM, ARC and DMARC of what arrives: real Postfix, Dovecot and hameau-milter, messages signed by dkimpy, DNS of the test's own.

Servers outside are addresses of the loopback: 127.0.1.1 is what strict.example and mild.example send from, 127.0.2.2 belongs to nobody.
"""
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "support"), str(HERE.parent / "mail")]
import house
import leaving
import mail_clients
from house import NotPossible
from mail_clients import find, member, refusal, unique
from mail_places import MARIE, YANN, open_place
from outside_smtp import Outside
from small_dns import SmallDns

try:
    import dkim
except ImportError:
    dkim = None

place = dns = key = outside = None
GOOD, OTHER = "127.0.1.1", "127.0.2.2"
OUTSIDE_PORT = 2600


def records():
    return {
        ("strict.example", "TXT"): [f"v=spf1 ip4:{GOOD} -all"], ("_dmarc.strict.example", "TXT"): ["v=DMARC1; p=reject"],
        ("mild.example", "TXT"): [f"v=spf1 ip4:{GOOD} -all"], ("_dmarc.mild.example", "TXT"): ["v=DMARC1; p=quarantine; rua=mailto:r@mild.example"],
        ("evil.example", "TXT"): ["v=spf1 +all"],
        ("s1._domainkey.strict.example", "TXT"): ["v=DKIM1; k=rsa; p=" + key[1]],
        ("s1._domainkey.list.example", "TXT"): ["v=DKIM1; k=rsa; p=" + key[1]],
    }


def make_key():
    pem = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"], input=pem, capture_output=True, check=True).stdout
    import base64
    return pem, base64.b64encode(der).decode()


def raw(author, subject, body="bonjour\r\n", more="", encoding="ascii"):
    to = "" if "To: " in more else f"To: {MARIE.address}\r\n"
    return (f"From: {author}\r\n{to}Subject: {subject}\r\nDate: Mon, 30 Nov 2026 10:00:00 +0100\r\n"
            f"Message-ID: <{unique()}@test>\r\n{more}\r\n{body}").encode(encoding)


def deliver(data, sender, source=OTHER, to=MARIE.address, helo="mx.example"):
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60, source_address=(source, 0), local_hostname=helo) as client:
        client.sendmail(sender, [to], data)


def arrived(subject, folder="INBOX"):
    text = find(MARIE, subject, folder)
    assert text, f"{subject} is not in {folder}\n{place.tail()[-3000:]}"
    return text


def results(text):
    """Our field, as one line."""
    fields, name = [], None
    for line in text.replace("\r\n", "\n").split("\n\n")[0].split("\n"):
        if line[:1] in " \t":
            fields[-1] += " " + line.strip()
        else:
            fields.append(line)
    ours = [field for field in fields if field.startswith("Authentication-Results: localhost;")]
    assert len(ours) == 1, ours
    return ours[0]


def signed(data, domain=b"strict.example", **more):
    if dkim is None:
        raise NotPossible("python3-dkim is not installed")
    return dkim.sign(data, b"s1", domain, key[0], include_headers=[b"from", b"to", b"subject", b"date"], **more) + data


def test_spf_proves_the_sender():
    subject = unique()
    deliver(raw("Zoé <zoe@strict.example>".encode("ascii", "ignore").decode(), subject), "zoe@strict.example", GOOD)
    assert results(arrived(subject)) == ("Authentication-Results: localhost; spf=pass smtp.mailfrom=zoe@strict.example; dkim=none; "
                                         "dmarc=pass policy.dmarc=none header.from=strict.example")


def test_forged_is_refused_with_the_reason():
    code, text = refusal(lambda: deliver(raw("zoe@strict.example", unique()), "x@evil.example"), 550)
    assert "5.7.26 strict.example asks to refuse" in text and "SPF says pass for evil.example" in text, text
    refusal(lambda: deliver(raw("zoe@strict.example", unique()), "zoe@strict.example"), 550)
    refusal(lambda: deliver(raw("zoe@below.strict.example", unique()), "x@evil.example"), 550)
    refusal(lambda: deliver(raw("a@evil.example, zoe@strict.example", unique()), "x@evil.example"), 550)


def test_quarantine_goes_to_junk():
    subject = unique()
    deliver(raw("zoe@mild.example", subject), "x@evil.example")
    assert "dmarc=fail policy.dmarc=quarantine" in results(arrived(subject, "Junk"))


def test_without_records_mail_comes():
    subject = unique()
    deliver(raw("ami@nothing.example", subject), "ami@nothing.example")
    assert "spf=none smtp.mailfrom=ami@nothing.example; dkim=none; dmarc=none" in results(arrived(subject))


def test_signatures_of_dkimpy():
    """Each form, through Postfix: what it hands to the milter is what was signed."""
    for forms in ((b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple"), (b"simple", b"relaxed")):
        subject = unique()
        body = "bonjour \r\n\tligne  avec   espaces \r\n.point\r\n\r\n\r\n"
        deliver(signed(raw("zoe@strict.example", f"{subject}\r\n  plie", body), canonicalize=forms), "x@evil.example")
        text = results(arrived(subject))
        assert "dkim=pass header.d=strict.example header.s=s1" in text and "dmarc=pass" in text, (forms, text)
    subject = unique()
    data = signed(raw("zoe@strict.example", subject))
    refusal(lambda: deliver(data.replace(b"bonjour", b"bonsoir"), "x@evil.example"), 550)
    refusal(lambda: deliver(data.replace(b"From: zoe", b"From: paul@strict.example\r\nFrom: zoe").replace(b"From: zoe", b"From: eve"), "x@evil.example"), 550)
    two = unique()
    deliver(signed(raw("zoe@strict.example", two)).replace(b"\r\nFrom: zoe", b"\r\nFrom: eve@evil.example\r\nFrom: zoe"), "x@evil.example")
    assert arrived(two, "Junk")  # the signature holds, and a reader may show the other From
    deliver(data, "x@evil.example", OTHER)  # from anywhere: the signature is enough
    assert arrived(subject)


def test_replayed_with_text_behind_it_is_no_proof():
    data = raw("zoe@strict.example", unique())
    refusal(lambda: deliver(signed(data, length=True) + b"Payez ici\r\n", "x@evil.example"), 550)


def test_large_message_is_hashed_on_the_way():
    subject = unique()
    line = "x" * 76 + "\r\n"
    deliver(signed(raw("zoe@strict.example", subject, line * 100000)), "x@evil.example")
    assert "dkim=pass" in results(arrived(subject))


def test_arc_of_dkimpy():
    if dkim is None:
        raise NotPossible("python3-dkim is not installed")
    subject = unique()
    data = b"Authentication-Results: list.example; spf=pass; dkim=pass\r\n" + raw("ami@nothing.example", subject)
    seal = dkim.arc_sign(data, b"s1", b"list.example", key[0], b"list.example", include_headers=[b"from", b"to", b"subject"])
    deliver(b"".join(seal) + data, "x@evil.example")
    assert "arc=pass" in results(arrived(subject))
    subject = unique()
    deliver(b"".join(seal) + data.replace(b"Subject: ", b"Subject: " + subject.encode()), "x@evil.example")
    assert "arc=fail" in results(arrived(subject))


def test_results_in_our_name_are_taken_away():
    subject = unique()
    forged = ("Authentication-Results: localhost; dmarc=pass header.from=bank.example\r\nAuthentication-Results: other.example; spf=pass\r\n"
              "AUTHENTICATION-results:\r\n (x) LocalHost 1; dkim=pass\r\n")
    deliver(raw("ami@nothing.example", subject, more=forged), "ami@nothing.example")
    text = arrived(subject)
    results(text)
    assert "bank.example" not in text and "LocalHost" not in text and "other.example; spf=pass" in text, text


def test_submission_is_not_judged():
    subject = unique()
    before = len(dns.asked)
    with member(YANN) as client:
        client.sendmail(YANN.address, [MARIE.address], raw(YANN.address, subject))
    assert "Authentication-Results" not in arrived(subject)
    assert not [one for one in dns.asked[before:] if "_domainkey" not in one[0]], dns.asked[before:]  # (only its own key)


def test_silent_dns_holds_nobody_else_up():
    """One domain's servers say nothing: its mail waits (451), since nobody knows its policy; everybody else's passes at once."""
    dns.silent = {"slow.example", "_dmarc.slow.example"}
    slow = unique()
    took = []

    def send_slow():
        begin = time.time()
        refusal(lambda: deliver(raw("ami@slow.example", slow), "ami@slow.example"), 451)
        took.append(time.time() - begin)
    threads = [threading.Thread(target=send_slow) for _ in range(3)]
    try:
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        for _ in range(5):
            begin = time.time()
            subject = unique()
            deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD)
            assert time.time() - begin < 1.5, time.time() - begin
        for thread in threads:
            thread.join(60)
    finally:
        dns.silent = set()
    assert len(took) == 3 and 5 < max(took) < 25, took
    deliver(raw("ami@slow.example", slow), "ami@slow.example")
    assert "dmarc=none" in results(arrived(slow))


def test_unsure_mail_of_a_strict_domain_waits():
    """strict.example asks to refuse, and the look-up that could prove the sender fails for now: 451, and later it is taken."""
    dns.records[("strict.example", "TXT")] = ["v=spf1 a:slow.example -all"]
    dns.silent = {"slow.example"}
    subject = unique()
    try:
        code, text = refusal(lambda: deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD), 451)
        assert "4.7.24" in text, text
    finally:
        dns.silent = set()
    dns.records = records()
    deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD)
    assert arrived(subject)


def test_a_record_that_asks_without_end():
    """Includes in a circle, and a record that would ask for hundreds of names: bounded, and quickly over."""
    dns.records[("loop.example", "TXT")] = ["v=spf1 include:loop.example -all"]
    dns.records[("many.example", "TXT")] = ["v=spf1 " + " ".join(f"mx:m{i}.many.example" for i in range(10)) + " -all"]
    for i in range(10):
        dns.records[(f"m{i}.many.example", "MX")] = [f"h{i}-{j}.many.example" for j in range(10)]
        for j in range(10):
            dns.records[(f"h{i}-{j}.many.example", "A")] = ["192.0.2.1"]
    before = len(dns.asked)
    for name, wanted in (("loop.example", "spf=permerror"), ("many.example", "spf=temperror")):
        subject = unique()
        begin = time.time()
        deliver(raw(f"x@{name}", subject), f"x@{name}")
        assert time.time() - begin < 5
        assert wanted in results(arrived(subject)), results(arrived(subject))
    assert len(dns.asked) - before < 90, len(dns.asked) - before
    dns.records = records()


def test_resolv_conf_is_replaced():
    """As NetworkManager, dhclient and editors do: a new file, renamed over the old one, names another server."""
    def use(address):
        Path("/etc/resolv.conf.new").write_text(f"nameserver {address}\n")
        os.chmod("/etc/resolv.conf.new", 0o644)
        os.rename("/etc/resolv.conf.new", "/etc/resolv.conf")
    other = SmallDns("127.0.0.9")
    other.records = {**records(), ("_dmarc.moved.example", "TXT"): ["v=DMARC1; p=reject"], ("moved.example", "TXT"): ["v=spf1 -all"]}
    try:
        use("127.0.0.9")
        code, text = refusal(lambda: deliver(raw("zoe@moved.example", unique()), "x@evil.example"), 550)
        assert "5.7.26 moved.example asks to refuse" in text, text
        assert ("_dmarc.moved.example", "TXT") in other.asked
    finally:
        use("127.0.0.1")
        other.close()
    subject = unique()
    deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD)
    assert "spf=pass" in results(arrived(subject))


def test_our_name_in_other_dresses_is_taken_away():
    subject = unique()
    forged = ("Authentication-Results: \"local\\host\"; dmarc=pass header.from=bank.example\r\nAuthentication-Results: local(x)host; dmarc=pass header.from=bank.example\r\n"
              "Authentication-Results : localhost; dmarc=pass header.from=bank.example\r\n"
              "Authentication-Results: other.example (x) 1; spf=pass\r\n")
    deliver(raw("ami@nothing.example", subject, more=forged), "ami@nothing.example")
    text = arrived(subject)
    results(text)
    assert "bank.example" not in text and "other.example (x) 1; spf=pass" in text, text
    subject = unique()
    with member(YANN) as client:
        client.sendmail(YANN.address, [MARIE.address], raw(YANN.address, subject, more=forged.replace("\"local\\host\"", "localhost")))
    assert "bank.example" not in arrived(subject)


def test_fields_to_take_out_are_few():
    """Postfix searches the message from its beginning for each: 4000 took 16 s."""
    for sender in (lambda data: deliver(data, "ami@nothing.example"), lambda data: member_sends(data)):
        begin = time.time()
        refusal(lambda: sender(raw(YANN.address, unique(), more="Authentication-Results: localhost\r\n" * 2000)), 550)
        assert time.time() - begin < 8, time.time() - begin
    subject = unique()
    deliver(raw("ami@nothing.example", subject, more="Authentication-Results: localhost; dmarc=pass header.from=bank.example\r\n" * 50), "ami@nothing.example")
    assert "bank.example" not in arrived(subject)


def member_sends(data):
    with member(YANN) as client:
        client.sendmail(YANN.address, [MARIE.address], data)


def test_fields_on_top_of_a_signed_message_are_suspect():
    """What the signature left open stands on top, where readers look; SPF proves nothing here."""
    new = unique()
    data = signed(raw("zoe@strict.example", unique()))
    deliver(f"Subject: {new}\r\nReply-To: eve@evil.example\r\n".encode() + data, "x@evil.example")
    assert "dkim=pass" in results(arrived(new, "Junk"))


def test_macros_hold_nobody_up():
    """A record of many macros and a local part of 800 octets took seconds of the only thread."""
    dns.records[("macro.example", "TXT")] = ["v=spf1 exists:" + "%{l}." * 180 + "x.macro.example ~all"]
    before = milter_seconds()
    subject = unique()
    deliver(raw("ami@nothing.example", subject), "a." * 400 + "a@macro.example")
    assert "spf=permerror" in results(arrived(subject))
    assert milter_seconds() - before < 0.1, milter_seconds() - before
    dns.records = records()


def milter_seconds():
    fields = Path(f"/proc/{milter_pid()}/stat").read_text().split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


FORGED = "ceo@strict.example"


def greedy(domain):
    """Keys that nobody has: 8 of DKIM and 50 of ARC."""
    fields = [f"DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s={unique()}; h=from; bh=AAAA; b=AAAA" for _ in range(8)]
    for i in range(1, 51):
        fields += [f"ARC-Seal: i={i}; a=rsa-sha256; cv={'none' if i == 1 else 'pass'}; d={domain}; s={unique()}; b=AAAA",
                   f"ARC-Message-Signature: i={i}; a=rsa-sha256; d={domain}; s={unique()}; h=from; bh=AAAA; b=AAAA", f"ARC-Authentication-Results: i={i}; x"]
    return "".join(field + "\r\n" for field in fields)


def test_a_budget_used_up_lets_nothing_forged_in():
    for author in (FORGED, "ceo@below.strict.example"):
        refusal(lambda: deliver(raw(author, unique(), more=greedy("evil.example")), "x@evil.example"), 550)


def test_time_used_up_lets_nothing_forged_in():
    """The sender's own SPF answers slowly and without end, until the 20 s are over."""
    for i in range(10):
        dns.records[(f"l{i}.example", "TXT")] = [f"v=spf1 include:l{i + 1}.example ~all"]
        dns.delayed[f"l{i}.example"] = 2.2
    try:
        refusal(lambda: deliver(raw(FORGED, unique()), "x@l0.example"), 550)
    finally:
        dns.records, dns.delayed = records(), {}


def test_messages_decided_at_once_take_nothing_from_the_next():
    with smtplib.SMTP("127.0.0.1", place.ports["smtp"], timeout=60, source_address=(OTHER, 0), local_hostname="localhost") as client:
        for message in range(16):
            many = ", ".join(f"a@d{message * 5 + i}.example" for i in range(5))
            refusal(lambda: client.sendmail("", [MARIE.address], raw(many, unique())), 550)
            client.sendmail("", [MARIE.address], raw("ami@nothing.example", unique()))
        refusal(lambda: client.sendmail("", [MARIE.address], raw(FORGED, unique())), 550)


def test_a_from_that_nobody_can_judge_is_refused():
    for author in (f"{FORGED} <", "", f"{FORGED}, a@1.example, b@2.example, c@3.example, d@4.example"):
        code, text = refusal(lambda: deliver(raw(author, unique()), "x@evil.example"), 550)
        assert "5.6.0" in text, text


def test_dns_that_fails_beside_the_record():
    """Above the author's record, below it, in it, and in what could prove nothing."""
    try:
        dns.broken = {"_dmarc.example"}
        subject = unique()
        deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD)
        assert "dmarc=pass" in results(arrived(subject))
        refusal(lambda: deliver(raw(FORGED, unique()), "x@evil.test"), 550)
        refusal(lambda: deliver(raw(FORGED, unique()), "x@evil.example"), 451)
        dns.broken = {"_dmarc.lame.strict.example"}
        refusal(lambda: deliver(raw("ceo@lame.strict.example", unique()), "x@evil.example"), 451)
        dns.broken = {"_dmarc.lame.example"}
        refusal(lambda: deliver(raw("ami@lame.example", unique()), "x@evil.example"), 451)  # its policy may be to refuse
        subject = unique()
        dns.records[("lame.example", "TXT")] = [f"v=spf1 ip4:{GOOD} -all"]
        deliver(raw("ami@lame.example", subject), "ami@lame.example", GOOD)
        assert "spf=pass" in results(arrived(subject)) and "dmarc=temperror" in results(arrived(subject))
        dns.broken, dns.silent = set(), {"s1._domainkey.mort.example"}
        subject = unique()
        dead = "DKIM-Signature: v=1; a=rsa-sha256; d=mort.example; s=s1; h=from; bh=AAAA; b=AAAA\r\n"
        deliver(raw("zoe@mild.example", subject, more=dead), "list@nothing.example")
        assert "dmarc=fail policy.dmarc=quarantine" in results(arrived(subject, "Junk"))
    finally:
        dns.broken, dns.silent = set(), set()


def test_one_slip_in_a_record_does_not_remove_the_policy():
    for text in ("v=DMARC1; p=reject;; rua=mailto:a@slip.example", "v=DMARC1; p=reject; pct"):
        dns.records[("_dmarc.slip.example", "TXT")] = [text]
        refusal(lambda: deliver(raw("ceo@slip.example", unique()), "x@evil.example"), 550)


def test_a_dead_first_name_server_costs_its_time_once():
    """A chain of six look-ups, each of which would wait 2.5 s for the first server of /etc/resolv.conf."""
    dead = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    dead.bind(("127.0.0.8", 53))
    dns.records[("long.example", "TXT")] = ["v=spf1 include:c0.example -all"]
    dns.records[("_dmarc.long.example", "TXT")] = ["v=DMARC1; p=reject"]
    for i in range(6):
        dns.records[(f"c{i}.example", "TXT")] = [f"v=spf1 include:c{i + 1}.example -all" if i < 5 else f"v=spf1 ip4:{GOOD} -all"]
    resolv = Path("/etc/resolv.conf")
    before = resolv.read_text()
    took = []
    try:
        resolv.write_text("nameserver 127.0.0.8\nnameserver 127.0.0.1\n")
        for _ in range(2):
            begin = time.time()
            subject = unique()
            deliver(raw("zoe@long.example", subject), "zoe@long.example", GOOD)
            took.append(time.time() - begin)
            assert "dmarc=pass" in results(arrived(subject))
    finally:
        resolv.write_text(before)
        dead.close()
        dns.records = records()
    assert took[0] < 7 and took[1] < 2, took
    print("     seconds", *(f"{one:.1f}" for one in took), flush=True)


def milter_pid():
    return place.processes["milter"].pid


def test_it_is_light_and_sleeps():
    """After what came before: memory, no socket of DNS left open, no wake-up in ten seconds."""
    pid = milter_pid()
    folder = Path(f"/proc/{pid}")
    pss = int(next(line.split()[1] for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")))
    udp = Path(f"/proc/{pid}/net/udp").read_text()

    def switches():
        return sum(int(line.split()[1]) for line in (folder / "status").read_text().splitlines() if "ctxt_switches" in line)
    time.sleep(1)
    before = switches()
    time.sleep(10)
    assert switches() == before, switches() - before
    inodes = {os.stat(f"/proc/{pid}/fd/{fd}").st_ino for fd in os.listdir(f"/proc/{pid}/fd")}
    open_udp = [line for line in udp.splitlines()[1:] if int(line.split()[9]) in inodes]
    assert not open_udp, open_udp
    print(f"     PSS {pss} kB", flush=True)
    assert pss < 9000, pss


def test_a_flood_of_silent_names_hides_no_policy():
    """Fourteen sessions, each with a hundred names that nobody answers: more than may be open at a time."""
    dns.silent = {".stumm.example"}
    answers = []

    def junk():
        for _ in range(2):
            try:
                deliver(raw("ami@nothing.example", unique(), more=greedy("stumm.example")), "x@evil.example")
                answers.append(250)
            except smtplib.SMTPException as error:
                answers.append(error)
    threads = [threading.Thread(target=junk) for _ in range(14)]
    try:
        for thread in threads:
            thread.start()
        for _ in range(8):
            time.sleep(1)
            begin = time.time()
            refusal(lambda: deliver(raw(FORGED, unique()), "x@evil.example"), 550)
            assert time.time() - begin < 5, time.time() - begin
            subject = unique()
            deliver(raw("zoe@strict.example", subject), "zoe@strict.example", GOOD)
        for thread in threads:
            thread.join(90)
    finally:
        dns.silent = set()
    assert len(answers) == 28, answers
    lines = sum(file.read_text(errors="replace").count("dns_too_slow") for file in Path(place.state, "log").glob("*"))
    assert lines == 1, lines  # however many messages were too slow


def stop_milter():
    process = place.processes.pop("milter")
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_without_the_milter_mail_waits():
    stop_milter()
    try:
        refusal(lambda: deliver(raw("ami@nothing.example", unique()), "ami@nothing.example"), 451)
    finally:
        place.start_milter()
    subject = unique()
    deliver(raw("ami@nothing.example", subject), "ami@nothing.example")
    assert arrived(subject)


TESTS = [value for name, value in list(globals().items()) if name.startswith("test_") and callable(value)]

if __name__ == "__main__":
    key = make_key()
    dns = SmallDns()
    dns.records = records()
    outside = Outside(OUTSIDE_PORT, tell=lambda: place.tail()[-3000:])
    with open_place(["mail.incoming_checks=obey", "mail.outgoing_signatures=on", f"mail.smarthost=127.0.0.1:{OUTSIDE_PORT}"]) as place:
        mail_clients.place = place
        leaving.world = sys.modules[__name__]
        code = house.main(leaving.TESTS + TESTS + leaving.LAST)
        if code:
            print(place.tail()[-6000:])
    sys.exit(code)
