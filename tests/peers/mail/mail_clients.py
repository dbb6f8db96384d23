"""The clients of the mail tests, as members and strangers have them: SMTP, IMAP, ManageSieve. They speak to the engines of `place`, which
mail_test.py sets. They judge nothing but that a refusal is one of those that are wanted."""
import email.message
import imaplib
import smtplib
import socket
import time
import uuid

place = None


def unique():
    return uuid.uuid4().hex[:12]


def message(sender, to, body="bonjour\n", **headers):
    text = email.message.EmailMessage()
    text["From"], text["To"] = sender, to
    text["Subject"] = headers.pop("Subject", f"essai {unique()}")
    for name, value in headers.items():
        text[name.replace("_", "-")] = value
    text.set_content(body)
    return text


def smtp(port="smtp", tls=None, **more):
    if port == "submissions":
        return smtplib.SMTP_SSL("localhost", place.ports[port], timeout=30, context=place.tls(), **more)
    client = smtplib.SMTP("localhost", place.ports[port], timeout=30, **more)
    client.ehlo()
    if tls if tls is not None else port == "submission":
        client.starttls(context=place.tls())
        client.ehlo()
    return client


def outside(to, sender="ami@ailleurs.example", **more):
    """Delivers through port 25; the subject to look for."""
    text = message(sender, to, **more)
    with smtp() as client:
        client.send_message(text, sender, [to] if isinstance(to, str) else to)
    return text["Subject"]


def member(person, port="submission", password=None, **more):
    client = smtp(port, **more)
    client.login(person.address, password or person.password)
    return client


def imap(person, password=None, name=None, ssl_on=True, source=None):
    if ssl_on:
        client = imaplib.IMAP4_SSL("localhost", place.ports["imaps"], ssl_context=place.tls(), timeout=30)
    else:
        client = imaplib.IMAP4("127.0.0.1", place.ports["imap"], timeout=30)
    client.login(name or person.address, password or person.password)
    return client


def find(person, subject, folder="INBOX", seconds=10):
    """The message with this subject, as text, or None."""
    deadline = time.time() + seconds
    with imap(person) as client:
        while True:
            if client.select(f'"{folder}"')[0] == "OK":
                numbers = client.search(None, "SUBJECT", f'"{subject}"')[1][0].split()
                if numbers:
                    return client.fetch(numbers[0], "(RFC822)")[1][0][1].decode("utf-8", "replace")
            if time.time() > deadline:
                return None
            time.sleep(0.05)
            client.noop()


def refusal(call, *wanted):
    """The SMTP code of the refusal that `call` must meet."""
    try:
        call()
    except smtplib.SMTPRecipientsRefused as problem:
        code, text = next(iter(problem.recipients.values()))
    except smtplib.SMTPResponseException as problem:
        code, text = problem.smtp_code, problem.smtp_error
    else:
        raise AssertionError("it was not refused")
    text = text.decode(errors="replace")
    assert not wanted or code in wanted, (code, text)
    return code, text


class ImapFrom(imaplib.IMAP4_SSL):
    """A visit from one of this computer's addresses."""

    def __init__(self, source):
        self.source = source
        super().__init__("localhost", place.ports["imaps"], ssl_context=place.tls(), timeout=30)

    def _create_socket(self, timeout):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout, (self.source, 0))
        return self.ssl_context.wrap_socket(plain, server_hostname="localhost")

    def leave(self):
        """Also where Dovecot has closed it already."""
        try:
            self.shutdown()
        except OSError:
            pass


class Sieve:
    """ManageSieve by hand (RFC 5804): what the tests need."""

    def __init__(self, person, password=None):
        import base64
        raw = socket.create_connection(("localhost", place.ports["sieve"]), 20)
        self.stream = raw.makefile("rwb")
        self.greeting = self.answer()
        self.send("STARTTLS")
        self.stream.flush()
        raw = place.tls().wrap_socket(raw, server_hostname="localhost")
        self.stream = raw.makefile("rwb")
        self.greeting = self.answer()
        word = base64.b64encode(f"\0{person.address}\0{password or person.password}".encode()).decode()
        self.send(f'AUTHENTICATE "PLAIN" "{word}"')

    def answer(self):
        lines = []
        while True:
            line = self.stream.readline().decode()
            lines.append(line)
            if line.startswith(("OK", "NO", "BYE")) or not line:
                return "".join(lines)

    def send(self, text):
        self.stream.write(text.encode() + b"\r\n")
        self.stream.flush()
        answer = self.answer()
        assert answer.splitlines()[-1].startswith("OK"), answer
        return answer

    def activate(self, script):
        data = script.encode()
        self.send(f'PUTSCRIPT "mien" {{{len(data)}+}}\r\n{script}')
        self.send('SETACTIVE "mien"')
