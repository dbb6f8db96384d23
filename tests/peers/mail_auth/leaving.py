"""What leaves the house, by every way: what members hand in, what scripts write, what is passed on. Each is read by a server outside and
verified by dkimpy and opendkim-testmsg with the DNS of the test. mail_auth_test.py opens the house and sets `world`."""
import os
import subprocess
import time
from pathlib import Path

import mail_clients
from house import NotPossible
from mail_clients import Sieve, member, unique
from mail_places import MARIE, YANN, EnginesPlace

try:
    import dkim
except ImportError:
    dkim = None

world = None  # mail_auth_test: place, dns, outside, raw, deliver, signed, records
ZOE = "zoe@strict.example"


def record():
    """Name and text of the record that the house hands out."""
    file = Path(world.place.state, "milter", "records", "amis.test")
    deadline = time.time() + 10
    while not file.exists():
        mail_clients.smtp().quit()
        assert time.time() < deadline, world.place.tail()[-2000:]
        time.sleep(0.2)
    name, kind, text = file.read_text().strip().split(" ", 2)
    assert kind == "TXT" and name.endswith("._domainkey.amis.test"), name
    return name, text


def send_out(data, port="submission"):
    with member(MARIE, port) as client:
        client.sendmail(MARIE.address, ["ami@elsewhere.example"], data)


def leaves(subject, more="", body="bonjour\r\n", port="submission"):
    send_out(f"From: Marie <{MARIE.address}>\r\nTo: ami@elsewhere.example\r\nSubject: {subject}\r\n{more}\r\n{body}".encode(), port)
    return world.outside.wait(subject)


def verifies(data):
    """dkimpy and opendkim-testmsg, each with the DNS of this test."""
    assert dkim.verify(data), data.decode(errors="replace")
    done = subprocess.run(["opendkim-testmsg"], input=data.replace(b"\r\n", b"\n"), capture_output=True)
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stderr, data.decode(errors="replace"))


def test_nothing_is_signed_before_the_record_is_seen():
    record()
    assert b"DKIM-Signature" not in leaves(unique())


def test_what_leaves_is_signed_and_verifies():
    if dkim is None:
        raise NotPossible("python3-dkim is not installed")
    name, text = record()
    world.dns.records[(name, "TXT")] = [text]
    mime = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    for more, body in (("", "bonjour\r\n"), ("", ""), ("Date: Mon, 30 Nov 2026 10:00:00 +0100\r\nMessage-ID: <x@y>\r\n", "a \r\n\r\n\r\n"),
                       ("X-Originating-IP: 192.0.2.1\r\nReceived: from here by there; now\r\n", ".point\r\n..deux\r\nFrom here\r\n"),
                       (mime + "8bit\r\n", "déjà\r\n"), ("Cc: a@b.example,\r\n c@d.example\r\n", "x\r\n")):
        for port in ("submission", "submissions"):
            data = leaves(unique(), more, body, port)
            assert data.count(b"DKIM-Signature:") == 1 and b"d=amis.test" in data and b"X-Originating" not in data, data
            verifies(data)
    assert b"\r\nDate: " in data and b"date:date" in data.replace(b"\r\n\t", b""), data  # Postfix added it, and it is signed


def test_a_changed_message_does_not_verify():
    if dkim is None:
        raise NotPossible("python3-dkim is not installed")
    data = leaves(unique())
    verifies(data)
    assert not dkim.verify(data.replace(b"bonjour", b"bonsoir"))
    assert not dkim.verify(data.replace(b"\r\nFrom:", b"\r\nFrom: eve@evil.example\r\nFrom:", 1))
    assert not dkim.verify(data.replace(b"\r\nSubject:", b"\r\nReply-To: eve@evil.example\r\nSubject:", 1))


def test_programs_are_told_to_write_seven_bits():
    with mail_clients.smtp("submission") as client:
        assert not client.has_extn("8bitmime")


def test_a_silent_dns_delays_no_member_for_long():
    """The record was seen: what leaves is signed although DNS says nothing now."""
    name, _ = record()
    world.dns.silent = {name}
    try:
        begin = time.time()
        data = leaves(unique())
        assert time.time() - begin < 9 and b"DKIM-Signature" in data, time.time() - begin
    finally:
        world.dns.silent = set()


def test_the_key_is_nobody_elses():
    folder = Path(world.place.state, "milter", "keys")
    assert folder.stat().st_mode & 0o777 == 0o700
    for file in folder.rglob("*.pem"):
        assert file.stat().st_mode & 0o777 == 0o600 and file.stat().st_uid == 62009, file
        word = file.read_text().splitlines()[1]
        for log in Path(world.place.state, "log").glob("*"):
            assert word not in log.read_text(errors="replace")


def needs_record():
    if dkim is None:
        raise NotPossible("python3-dkim is not installed")
    name, text = record()
    world.dns.records[(name, "TXT")] = [text]


def split(data):
    head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    return head, body


def field(data, name):
    """Of this name, unfolded."""
    lines = split(data)[0].replace(b"\n\t", b" ").replace(b"\n ", b" ").split(b"\n")
    return [line[len(name) + 1:].strip().decode() for line in lines if line.lower().startswith(name.lower().encode() + b":")]


def seals(data):
    """How many sets the chain has, which dkimpy must find good."""
    state, sets, reason = dkim.arc_verify(data)
    assert state == dkim.CV_Pass, (state, reason, data.decode(errors="replace"))
    return len(sets)


def not_left(subject, seconds=3):
    time.sleep(seconds)
    assert not [data for data in world.outside.messages if subject.encode() in data], subject


def scripted(login, script):
    person = world.place.add_member(login)
    Sieve(person).activate(script)
    return person


def arrives(to, subject, author=ZOE, sender=ZOE, source=None, **more):
    world.deliver(world.raw(author, subject, **more), sender, *([source] if source else [world.GOOD]), to=to)


def test_an_answer_of_a_script_is_signed():
    needs_record()
    subject = unique()
    person = scripted("vacances", f'require ["vacation"];\r\nvacation :days 1 :subject "parti {subject}" "Je reviens lundi, à bientôt.";\r\n')
    arrives(person.address, unique(), more=f"X-Test: 1\r\nTo: {person.address}\r\n")
    data = world.outside.wait(subject)
    verifies(data)
    assert b"d=amis.test" in data and field(data, "From") == [f"<{person.address}>"], data
    assert world.outside.sender_of(subject) == "<>"
    assert not field(data, "ARC-Seal") and b"127.0.0.1" not in data, data


def test_a_script_writes_in_no_other_name():
    """Nobody else's, in this house or outside; each address of its owner, with a tag too."""
    needs_record()
    for author, leaves_house in ((YANN.address, False), ("president@strict.example", False), ("vide@amis.test", False), ("own", True), ("tag", True)):
        subject = unique()
        person = world.place.add_member("autre")
        name = {"own": person.address, "tag": person.address.replace("@", "+x@")}.get(author, author)
        Sieve(person).activate(f'require ["vacation"];\r\nvacation :days 1 :from "{name}" :subject "parti {subject}" "x";\r\n')
        arrives(person.address, unique(), more=f"To: {person.address}\r\n")
        if leaves_house:
            verifies(world.outside.wait(subject))
        else:
            not_left(subject, 2)


def test_a_notice_of_a_script_does_not_look_redirected():
    """`notify` puts fields of a mailto: into the message (RFC 5436 §2.7)."""
    for author, leaves_house in (("president@strict.example", False), ("own", True)):
        subject = unique()
        person = world.place.add_member("avis")
        name = person.address if author == "own" else author
        Sieve(person).activate(f'require ["enotify"];\r\nnotify :from "{name}" :message "{subject}" '
                               '"mailto:ami@elsewhere.example?X-Sieve-Redirected-From=x@amis.test&body=x";\r\n')
        arrives(person.address, unique())
        if leaves_house:
            verifies(world.outside.wait(subject))
        else:
            not_left(subject, 2)


def test_who_writes_by_itself_gets_no_answer():
    """RFC 3834 §2: lists, programs, bounces."""
    subject = unique()
    person = scripted("muet", f'require ["vacation"];\r\nvacation :days 1 :subject "parti {subject}" "x";\r\n')
    to = f"To: {person.address}\r\n"
    for more in ("Auto-Submitted: auto-replied\r\n", "List-Id: <a.strict.example>\r\n", "Precedence: bulk\r\n", "List-Unsubscribe: <mailto:a@b.example>\r\n"):
        arrives(person.address, unique(), more=more + to)
    for sender in ("", "list-request@nothing.example"):
        arrives(person.address, unique(), "ami@nothing.example", sender, more=to)
    arrives(person.address, unique(), more="")  # to somebody else: a blind copy, a list
    not_left(subject, 3)


def test_what_a_script_passes_on_is_sealed_and_unchanged():
    needs_record()
    person = world.place.add_member("suit", forward=["ami@elsewhere.example"])
    body = "déjà vu \r\n.point\r\n\tligne   avec espaces \r\n\r\n"
    subject = unique()
    mime = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    data = world.raw(ZOE, subject, body, mime, encoding="utf-8")
    world.deliver(world.signed(data, canonicalize=(b"simple", b"simple")), ZOE, world.GOOD, to=person.address)
    left = world.outside.wait(subject)
    assert split(left)[1] == body.replace("\r\n", "\n").encode(), left
    assert world.outside.sender_of(subject) == f"<{person.address}>"
    assert dkim.verify(left), "the sender's own signature holds"
    assert left.count(b"DKIM-Signature:") == 1, "ours would say that the house wrote it"
    assert seals(left) == 1
    said, = field(left, "ARC-Authentication-Results")
    assert said.startswith("i=1; localhost; spf=pass") and "dkim=pass" in said and "dmarc=pass" in said, said
    assert "d=amis.test" in field(left, "ARC-Seal")[0] and "cv=none" in field(left, "ARC-Seal")[0]


def test_a_chain_goes_on():
    needs_record()
    person = world.place.add_member("chaine", forward=["ami@elsewhere.example"])
    for broken in (False, True):
        subject = unique()
        data = b"Authentication-Results: list.example; spf=pass; dkim=pass\r\n" + world.raw("ami@nothing.example", subject)
        sealed = b"".join(dkim.arc_sign(data, b"s1", b"list.example", world.key[0], b"list.example", include_headers=[b"from", b"to", b"subject"])) + data
        world.deliver(sealed.replace(b"bonjour", b"bonsoir") if broken else sealed, "x@evil.example", to=person.address)
        left = world.outside.wait(subject)
        newest = next(one for one in field(left, "ARC-Seal") if "i=2" in one)
        if broken:
            assert "cv=fail" in newest, newest
            assert "terminated" in dkim.arc_verify(left)[2], dkim.arc_verify(left)
        else:
            assert "cv=pass" in newest and seals(left) == 2, left.decode()


def test_a_chain_that_dns_hides_is_not_called_failed():
    needs_record()
    person = world.place.add_member("cache", forward=["ami@elsewhere.example"])
    subject = unique()
    data = b"Authentication-Results: list.example; spf=pass\r\n" + world.raw("ami@nothing.example", subject)
    seal = dkim.arc_sign(data, b"s1", b"list.example", world.key[0], b"list.example", include_headers=[b"from"])
    world.dns.broken = {"s1._domainkey.list.example"}
    try:
        world.deliver(b"".join(seal) + data, "x@evil.example", to=person.address)
        left = world.outside.wait(subject)
    finally:
        world.dns.broken = set()
    assert len(field(left, "ARC-Seal")) == 1 and seals(left) == 1, left


def test_a_forged_message_that_is_passed_on_is_not_signed():
    """From a member of the house, says a stranger; and a stranger who says that Dovecot redirected it."""
    needs_record()
    person = world.place.add_member("relais", forward=["ami@elsewhere.example"])
    subject = unique()
    world.deliver(world.raw(MARIE.address, subject, more="X-Sieve: x\r\nAuto-Submitted: auto-replied\r\n"), "x@evil.example", to=person.address)
    left = world.outside.wait(subject)
    assert not field(left, "DKIM-Signature") and "dmarc=none" in field(left, "ARC-Authentication-Results")[0], left


def test_aliases_and_groups_that_lead_outside_seal():
    needs_record()
    for address in (world.place.add_alias(["ami@elsewhere.example"]), world.place.add_alias([MARIE.address, "ami@elsewhere.example"])):
        subject = unique()
        world.deliver(world.signed(world.raw(ZOE, subject)), ZOE, world.GOOD, to=address)
        left = world.outside.wait(subject)
        assert dkim.verify(left) and seals(left) == 1 and left.count(b"DKIM-Signature:") == 1, left
        assert "dmarc=pass" in field(left, "ARC-Authentication-Results")[0]


def test_what_cannot_be_proved_is_not_passed_on():
    """For a mailbox it would be Junk; outside, our name would stand for it."""
    address = world.place.add_alias(["ami@elsewhere.example"])
    code, text = mail_clients.refusal(lambda: world.deliver(world.raw("zoe@mild.example", unique()), "x@evil.example", to=address), 550)
    assert "not passed on" in text, text
    person = world.place.add_member("pourri", forward=["ami@elsewhere.example"])
    subject = unique()
    world.deliver(world.raw("zoe@mild.example", subject), "x@evil.example", to=person.address)
    assert mail_clients.find(person, subject, "Junk")
    not_left(subject, 1)


def test_a_server_without_8bitmime_changes_nothing():
    """What a program sends in eight bits against the offer, and what is only passed on."""
    needs_record()
    mime = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
    person = world.place.add_member("vieux", forward=["ami@elsewhere.example"])
    subject = unique()
    world.outside.eight_bits = False
    try:
        verifies(leaves(unique(), mime, "déjà\r\n"))
        world.deliver(world.signed(world.raw(ZOE, subject, "déjà\r\n", mime, encoding="utf-8")), ZOE, world.GOOD, to=person.address)
        left = world.outside.wait(subject)
    finally:
        world.outside.eight_bits = True
    assert dkim.verify(left) and seals(left) == 1 and "déjà".encode() in left, left


def submit(data, *words):
    """hameau-submit as Dovecot runs it: with the mailboxes' uid."""
    socket = f"{world.place.state}/engines/postfix/queue/public/inject"
    return subprocess.run(["setpriv", "--reuid", "62010", "--regid", "62010", "--clear-groups", str(world.place.binaries / "hameau-submit"), *words, socket,
                           "-i", "-f", "<>", "--", "ami@elsewhere.example"], input=data, capture_output=True)


def test_a_notice_of_the_house_is_signed():
    needs_record()
    subject = unique()
    done = submit(world.raw("hameau@amis.test", subject))
    assert done.returncode == 0, done.stderr
    verifies(world.outside.wait(subject))


def test_without_the_milter_scripts_wait_too():
    world.stop_milter()
    try:
        done = submit(world.raw(MARIE.address, unique()), "--user", MARIE.address)
        assert done.returncode == 75, (done.returncode, done.stderr)
    finally:
        world.place.start_milter()


def tend_keys():
    """The ages of the keys are looked at once an hour, and when the milter starts."""
    world.stop_milter()
    world.place.start_milter()
    mail_clients.smtp().quit()
    file = Path(world.place.state, "milter", "records", "amis.test")
    return [line.split(" ", 2) for line in file.read_text().splitlines()]


def test_a_key_is_changed():
    """A key of a year ago; the new record is put into DNS; a week later the old one may go."""
    needs_record()
    old = record()[0].split(".")[0]
    assert f"s={old};".encode() in leaves(unique())
    keys = Path(world.place.state, "milter", "keys", "amis.test")
    year_ago, week_ago = time.time() - 366 * 86400, time.time() - 8 * 86400
    os.utime(keys / f"{old}.pem", (year_ago, year_ago))
    lines = tend_keys()
    assert len(lines) == 2 and lines[1][0].startswith(f"{old}."), lines
    new = lines[0][0].split(".")[0]
    data = leaves(unique())
    assert f"s={old};".encode() in data, "nobody could verify the new one"
    verifies(data)
    world.dns.records[(lines[0][0], "TXT")] = [lines[0][2]]
    data = leaves(unique())
    assert f"s={new};".encode() in data
    verifies(data)
    assert len(tend_keys()) == 2 and (keys / f"{old}.pem").exists()
    os.utime(keys / f"{new}.seen", (week_ago, week_ago))
    assert [line[0] for line in tend_keys()] == [lines[0][0]] and not (keys / f"{old}.pem").exists()
    del world.dns.records[(f"{old}._domainkey.amis.test", "TXT")]
    verifies(leaves(unique()))


def test_what_postfix_writes_itself_is_signed():
    """A house below its domain: mail that an alias passes on comes back, and the sender outside is told."""
    second = EnginesPlace([*world.place.settings, "house.host=mail.amis.test"])
    second.ports = {name: port + 20 for name, port in second.ports.items()}
    with second as world.place:
        mail_clients.place = second
        needs_record()
        address = second.add_alias(["nobody@elsewhere.example"])
        subject = unique()
        world.deliver(world.raw(ZOE, subject), ZOE, world.GOOD, to=address)
        data = world.outside.wait("Undelivered Mail")
        assert subject.encode() in data and "MAILER-DAEMON@mail.amis.test" in field(data, "From")[0], data
        verifies(data)
        assert b"d=amis.test" in data
        # Without the milter it waits, with the message that it is about.
        world.outside.pause = 2
        subject = unique()
        world.deliver(world.raw(ZOE, subject), ZOE, world.GOOD, to=address)
        time.sleep(1)
        world.stop_milter()
        not_left(subject, 3)
        assert ZOE in second.queue(), second.queue()

LAST = [test_a_key_is_changed, test_without_the_milter_scripts_wait_too, test_what_postfix_writes_itself_is_signed]  # they start another milter, whose log begins anew
TESTS = [value for name, value in list(globals().items()) if name.startswith("test_") and callable(value) and value not in LAST]
