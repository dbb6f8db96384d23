"""Attacks on mail, from one address or by one member, as fast as the house lets them. Called by bench.py in the attacker's process;
each ends when `stop` is set. `attempt` counts what the attacker was answered."""
import imaplib
import smtplib
import ssl
import threading

MEMBER, WORDS = "yann.kervella@amis.test", "yann-secret-words"
MAIL = b"From: ami@ailleurs.example\r\nSubject: trop\r\n\r\n" + b"Une ligne de texte qui ne dit rien.\r\n" * 300


def trusting():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def all_at(number, stop, attempt, work):
    def go():
        while not stop.is_set():
            attempt(work)
    for _ in range(number):
        threading.Thread(target=go, daemon=True).start()
    stop.wait()


def answered(work):
    """What a refusal says is an answer too."""
    class Said:
        status = "done"
    try:
        work()
    except smtplib.SMTPResponseException as refused:
        Said.status = refused.smtp_code
    except smtplib.SMTPRecipientsRefused as refused:
        Said.status = next(iter(refused.recipients.values()))[0]
    except smtplib.SMTPException:
        Said.status = "cut"
    except imaplib.IMAP4.error as refused:
        Said.status = "NO" if b"AUTH" in str(refused).encode() else "cut"
    return Said


def guess_at_imap(house, stop, attempt):
    """20 mail programs that try passwords of one member."""
    def guess():
        with imaplib.IMAP4_SSL("127.0.0.1", house.ports["imaps"], ssl_context=trusting(), timeout=20) as client:
            client.login(MEMBER, "wrong words")
    all_at(20, stop, attempt, lambda: answered(guess))


def unknown_recipients(house, stop, attempt):
    """40 connections of port 25 that try addresses."""
    def ask():
        with smtplib.SMTP("127.0.0.1", house.ports["smtp"], local_hostname="ailleurs.example", timeout=20) as client:
            client.ehlo()
            client.mail("ami@ailleurs.example")
            for number in range(50):
                if stop.is_set() or client.rcpt(f"inconnu{number}@amis.test")[0] == 421:
                    return
    all_at(40, stop, attempt, lambda: answered(ask))


def messages_from_outside(house, stop, attempt):
    """10 connections that deliver messages of 11 kB, each on a connection of its own."""
    def send():
        with smtplib.SMTP("127.0.0.1", house.ports["smtp"], local_hostname="ailleurs.example", timeout=20) as client:
            client.sendmail("ami@ailleurs.example", ["yann.kervella@amis.test"], MAIL)
    all_at(10, stop, attempt, lambda: answered(send))


def messages_of_a_member(house, stop, attempt):
    """10 connections of one member that hand in messages to the outside."""
    def send():
        with smtplib.SMTP_SSL("127.0.0.1", house.ports["submissions"], timeout=20, context=trusting()) as client:
            client.login(MEMBER, WORDS)
            for _ in range(20):
                client.sendmail(MEMBER, ["ami@ailleurs.example"], MAIL.replace(b"ami@ailleurs.example", MEMBER.encode()))
                if stop.is_set():
                    return
    all_at(10, stop, attempt, lambda: answered(send))


def searches(house, stop, attempt):
    """30 connections of one member that search all words of 20 MB again and again."""
    filling = threading.Lock()
    filled = []
    def search():
        with imaplib.IMAP4_SSL("127.0.0.1", house.ports["imaps"], ssl_context=trusting(), timeout=60) as client:
            client.login(MEMBER, WORDS)
            with filling:
                if not filled:
                    for _ in range(20):
                        client.append("INBOX", None, None, MAIL[:48] + MAIL[48:] * 92)
                    filled.append(True)
            client.select("INBOX")
            while not stop.is_set():
                client.search(None, "BODY", '"qui ne dit pas"')
    all_at(30, stop, attempt, lambda: answered(search))


ATTACKS = {"20 mail programs that guess": guess_at_imap, "40 connections that try recipients": unknown_recipients,
           "10 senders of messages": messages_from_outside, "10 connections of a member who sends": messages_of_a_member,
           "30 connections of a member who searches": searches}
