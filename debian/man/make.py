#!/usr/bin/env python3
"""Makes the manual pages and the bash completion from what the programs say of themselves.

Usage: debian/man/make.py [--check] [BINARIES]      (default: build/release)
  hameau.1, hameaud.8      the templates *.in beside this file, with the texts of --help
  hameau.yaml.5            hameau-check --reference: the schema of the settings
  hameau-module.7          modules/examples/README.md
  ../hameau.completion     the verbs, their commands, options and values: the texts of --help
--check writes nothing, and ends with 1 when a file is not what it would be (tests/tidy/manuals).
The results are kept in git, so that a package for another processor can be built without running its programs.
"""
import re
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS_MAX = 20  # --help asks nobody


def said(program, *words):
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL)
    return done.stdout if done.returncode == 0 else ""


def head(title, section):
    """The line .TH: version and day of the newest entry of debian/changelog, so that two builds say the same."""
    log = (ROOT / "debian/changelog").read_text(encoding="utf-8")
    version = re.match(r"hameau \(([^)]+)\)", log).group(1)
    day = parsedate_to_datetime(re.search(r"^ -- .*?>  (.*)$", log, re.M).group(1)).date().isoformat()
    return f'.TH {title} {section} "{day}" "hameau {version}" "Hameau"\n'


def roff(text):
    """A text as roff shows it: nothing in it is a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def marked(text):
    """A line of Markdown: code in bold, strong in bold, links as their text."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    parts = re.split(r"`([^`]*)`|\*\*([^*]*)\*\*", text)
    out = ""
    for at in range(0, len(parts), 3):
        out += roff(parts[at])
        if at + 1 < len(parts):
            bold = parts[at + 1] if parts[at + 1] is not None else parts[at + 2]
            out += "\\fB" + roff(bold) + "\\fR"
    return "\\&" + out if out[:1] in (".", "'") else out


def as_it_is(text):
    return ".nf\n" + roff(text.rstrip("\n")) + "\n.fi\n"


class Command:
    """One verb of hameau: what its --help says."""

    def __init__(self, name, what, usage):
        self.name, self.what, self.usage = name, what, usage
        self.inner = {}  # list, add, ...: the part of the text that is about it
        current = None
        for line in usage.split("\n"):
            starts = re.match(r"  ([a-z]+)\b(.*)$", line)
            listed = re.match(r"usage: hameau \S+ (list)\b", line)
            if starts and "COMMAND" in usage.split("\n", maxsplit=1)[0]:
                current = starts.group(1)
                self.inner[current] = starts.group(2)
            elif listed:
                self.inner[listed.group(1)] = ""
            elif current and line.startswith("      "):
                self.inner[current] += "\n" + line

    def general(self):
        """The text that is about no inner command."""
        return self.usage if not self.inner else self.usage.split("\n", maxsplit=1)[0]


def commands(hameau):
    found = []
    for line in said(hameau, "--help").split("\n"):
        row = re.match(r"  ([a-z]+(?:, [a-z]+)*) {2,}(\S.*)$", line)
        for name in row.group(1).split(", ") if row else ():
            found.append(Command(name, row.group(2), said(hameau, name, "--help")))
    if not found:
        sys.exit(f"{hameau} --help names no command")
    return found


def page_of_command(all_commands):
    out = ""
    for command in all_commands:
        out += f'.SS "hameau {command.name}"\n.B {command.name}\n\\- {roff(command.what)}.\n'
        if command.usage:
            out += ".PP\n" + as_it_is(command.usage)
    return (HERE / "hameau.1.in").read_text(encoding="utf-8").replace("@HEAD@\n", head("HAMEAU", 1)).replace("@COMMANDS@\n", out)


def page_of_daemon(usage):
    text = (HERE / "hameaud.8.in").read_text(encoding="utf-8")
    return text.replace("@HEAD@\n", head("HAMEAUD", 8)).replace("@USAGE@\n", as_it_is(usage))


def page_of_settings(reference):
    out = head("HAMEAU.YAML", 5) + ".SH NAME\nhameau.yaml \\- settings of a Hameau house\n.SH SYNOPSIS\n.I /etc/hameau/hameau.yaml\n.SH DESCRIPTION\n"
    for line in reference.split("\n"):
        row = re.match(r"\| `([^`]+)` \| (.*?) \| (.*?) \| (.*) \|$", line)
        if line.startswith("# ") or line.startswith("(Made by") or line.startswith("| "):
            if row:
                key, kind, default, what = row.groups()
                out += f".TP\n\\fB{roff(key)}\\fR ({marked(kind)}; default {marked(default)})\n{marked(what)}\n"
        elif line.startswith("## "):
            out += f".SH {roff(line[3:].upper())}\n"
        elif line.strip():
            out += marked(line) + "\n.br\n"
    return out + (".SH EXAMPLE\n" + as_it_is("house:\n  host: maison.example.org\nmodules:\n  pads:\n    idle_stop: 10 min") +
                  ".SH FILES\n.TP\n.I /usr/share/doc/hameau/examples/hameau.yaml\nevery setting with its default, as a file to copy from\n"
                  ".SH SEE ALSO\n.BR hameaud (8),\n.BR hameau (1),\n.BR hameau\\-module (7)\n")


def page_of_modules(markdown):
    out = head("HAMEAU-MODULE", 7) + ".SH NAME\nhameau\\-module \\- how to write a module of a Hameau house\n.SH DESCRIPTION\n"
    code = None
    for line in markdown.split("\n"):
        row = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else None
        if line.startswith("```"):
            out += "" if code is None else ".PP\n" + as_it_is("\n".join(code)) + ".PP\n"
            code = [] if code is None else None
        elif code is not None:
            code.append(line)
        elif line.startswith("# "):
            continue
        elif line.startswith("## "):
            out += f".SH {roff(re.sub(r'^[0-9]+[.] ', '', line[3:]).upper())}\n"
        elif row and len(row) == 2 and not row[0].startswith("---") and row[0] not in ("what", "header"):
            out += f".TP\n{marked(row[0])}\n{marked(row[1])}\n"
        elif not row:
            out += marked(line) + "\n" if line.strip() else ".PP\n"
    out = re.sub(r"(\.PP\n)+(?=\.(PP|SH|TP))", "", out)
    return out + (".SH FILES\n.TP\n.I /usr/share/doc/hameau/examples/guestbook\na whole module\n"
                  ".SH SEE ALSO\n.BR hameaud (8),\n.BR hameau.yaml (5),\n.BR sd_notify (3)\n")


def options(text):
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) | {"--help"})


def completion(all_commands):
    """A case of bash: from the words before the cursor to the words that can stand there."""
    lines = []
    for command in all_commands:
        if command.inner:
            lines.append(f'        "{command.name} ") words="{" ".join(sorted(command.inner))} --help" ;;')
            for inner, text in sorted(command.inner.items()):
                lines.append(f'        "{command.name} {inner}") words="{" ".join(options(text + command.general()))}" ;;')
        else:
            lines.append(f'        "{command.name} "*) words="{" ".join(options(command.usage))}" ;;')
    values = []
    for command in all_commands:
        for option, choice in re.findall(r"(--[a-z-]+)[ =]((?:[a-z]+\|)+[a-z]+)\b", command.usage):
            values.append(f'        "{command.name} {option}") words="{choice.replace("|", " ")}" ;;')
    return f"""# bash completion of hameau. Made by debian/man/make.py from the texts of --help.
_hameau() {{
    local current=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}} inner="" words=""
    COMPREPLY=()
    if [ "$COMP_CWORD" -le 1 ]; then
        COMPREPLY=($(compgen -W "{" ".join(command.name for command in all_commands)} --help" -- "$current"))
        return
    fi
    if [ "$before" = --state ]; then
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -d -- "$current"))
        return
    fi
    case "$verb $before" in
{chr(10).join(sorted(set(values)))}
    esac
    if [ -z "$words" ]; then
        [ "$COMP_CWORD" -le 2 ] || inner=${{COMP_WORDS[2]}}
        case "$verb $inner" in
{chr(10).join(lines)}
        esac
        # What is neither a command nor an option is a name or a file: bash offers files (-o default).
        case "$current" in -*) ;; *) [ -z "$inner" ] && [[ "$words" != -* ]] || words="" ;; esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o default -F _hameau hameau
"""


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    binaries = Path(words[0]).resolve() if words else ROOT / "build/release"
    all_commands = commands(binaries / "hameau")
    made = {
        "debian/man/hameau.1": page_of_command(all_commands),
        "debian/man/hameaud.8": page_of_daemon(said(binaries / "hameaud", "--help")),
        "debian/man/hameau.yaml.5": page_of_settings(said(binaries / "hameau-check", "--reference")),
        "debian/man/hameau-module.7": page_of_modules((ROOT / "modules/examples/README.md").read_text(encoding="utf-8")),
        "debian/hameau.completion": completion(all_commands),
    }
    old = [name for name, text in made.items() if not (ROOT / name).exists() or (ROOT / name).read_text(encoding="utf-8") != text]
    if "--check" in sys.argv:
        for name in made:
            print(f"{'FAIL' if name in old else 'ok'} {name}" + (": run debian/man/make.py" if name in old else ""))
        print(f"{len(made) - len(old)} passed, {len(old)} failed")
        sys.exit(1 if old else 0)
    for name in old:
        (ROOT / name).write_text(made[name], encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()
