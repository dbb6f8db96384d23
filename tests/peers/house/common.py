"""What the tests of the whole house share: the house, who signs in, what is sent."""
import imaplib
import io
import smtplib
import subprocess
import sys
import time
import zipfile
from email.message import EmailMessage
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "support"), str(Path(__file__).resolve().parents[1] / "gate")]
from house import House, ROOT  # noqa: E402

CONTENT = ROOT / "tests" / "support" / "content.yaml"
PLAIN_PAGE = '<!doctype html><html lang="fr"><title>A</title><p>Bonjour</p></html>'
DEPLOYS = "/api/v1/sites/amis.test/deploys"
IDLE = [f"{name}.idle_stop=2 s" for name in ("people", "mail", "sites", "pads")]
MEMBERS = "/api/v1/associations/amis/members"
# Started and removed by house_test.py.
house = House(apply=[CONTENT], settings=IDLE)


def ok(answer, status=200):
    assert answer.status == status, (answer.status, answer.body[:500])
    return answer


def marie():
    return house.visitor().sign_in("marie", "marie-secret-words")


def yann():
    return house.visitor().sign_in("yann", "yann-secret-words")


def send(subject, sender="marie.legoff@amis.test", to="yann.kervella@amis.test", login="marie.legoff@amis.test",
         password="marie-secret-words", header_from=None, body="Bonjour Yann.\n"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = header_from or sender, to, subject
    message.set_content(body)
    with smtplib.SMTP("127.0.0.1", house.ports["submission"], timeout=30) as smtp:
        smtp._host = "localhost"
        smtp.starttls(context=house.tls())
        smtp.login(login, password)
        smtp.send_message(message, from_addr=sender, to_addrs=[to])


def mailbox(login="yann.kervella@amis.test", password="yann-secret-words"):
    imap = imaplib.IMAP4_SSL("localhost", house.ports["imaps"], ssl_context=house.tls(), timeout=30)
    imap.login(login, password)
    return imap


def wait_mail(subject, seconds=20, **who):
    deadline = time.time() + seconds
    while time.time() < deadline:
        try:
            imap = mailbox(**who)
            imap.select("INBOX")
            _, found = imap.search(None, "SUBJECT", f'"{subject}"')
            if found[0]:
                _, data = imap.fetch(found[0].split()[-1], "(RFC822)")
                imap.logout()
                return data[0][1].decode()
            imap.logout()
        except imaplib.IMAP4.abort:
            pass  # Dovecot read its configuration again meanwhile and ended its processes; a mail program connects again
        time.sleep(0.2)
    raise AssertionError(f"no mail {subject!r}\n{house.tail()}")


def refused(call, *kinds):
    try:
        call()
    except kinds as failed:
        return failed
    raise AssertionError("it was accepted")


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return memory.getvalue()


def node(script, *words):
    done = subprocess.run(["node", str(ROOT / "tests" / "peers" / "pads" / script), *words], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def wait_until(what, seconds=30):
    deadline = time.time() + seconds
    while not what():
        assert time.time() < deadline, f"it did not come\n{house.tail()}"
        time.sleep(0.05)
