#!/usr/bin/env python3
"""Runs the suites one after the other and adds up what they say.

Usage: tests/run.py [SUITE]...   (default: all, in the order below)
Each suite is a command. Its numbers come from GoogleTest's closing lines or from its line "N passed, N failed", which may go
on with ", N skipped". The last line here is "N passed, N failed, N skipped", alone.

A browser check that failed is run once more, alone: a loaded machine can be too slow for a page. If it passes then, it
counts as passed and is named in a line "flaky: SUITE: CHECK". More than FLAKY_MAX of them make the run fail, for then the
checks themselves are at fault. Nothing else is ever run again.
"""
import base64
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
FUZZ_SECONDS = os.environ.get("HAMEAU_FUZZ_SECONDS", "20")
FUZZ_SEED = os.environ.get("HAMEAU_FUZZ_SEED", "1")  # 0: another one each time
FOUND_BYTES_MAX = 8192
FLAKY_MAX = 2
FAILED_LINES_MAX = 5  # of one suite, said again at the end
AGAIN_SECONDS = 300  # a house and a browser start, one check runs
AGAIN_MAX = 6        # of more failures than this something is broken: running them again would only take time


# How the suites say that a check failed: GoogleTest, our runners in Python and JavaScript, libFuzzer, the sanitizers.
FAILED_LINE = re.compile(r"\[  FAILED  \] \S+ \(|\s*(FAIL|FAILED|failed|not ok|error:|SUMMARY:)\b", re.ASCII)


def run(command, timeout, env=None):
    """(exit code, combined output); the output is shown only when something failed."""
    try:
        done = subprocess.run(command, cwd=ROOT, timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nended after {timeout} s\n"


def numbers(output, code):
    """(passed, failed, skipped) as the suite itself counted them."""
    google_passed = re.findall(r"\[  PASSED  \] (\d+) test", output)
    google_failed = re.findall(r"\[  FAILED  \] (\d+) test", output)
    google_skipped = re.findall(r"\[  SKIPPED \] (\d+) test", output)
    plain = re.findall(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", output, re.M)
    if google_passed or google_failed:
        passed, failed, skipped = (sum(map(int, found)) for found in (google_passed, google_failed, google_skipped))
    elif plain:
        passed, failed, skipped = (int(number or 0) for number in plain[-1])
    else:
        passed, failed, skipped = (1 if code == 0 else 0), 0, 0
    if code != 0 and failed == 0:
        failed = 1
    return passed, failed, skipped


def build():
    jobs = str(os.cpu_count() or 2)
    steps = [["cmake", "--preset", "release", "-DHAMEAU_TESTS=ON"],
             ["cmake", "--build", "--preset", "release", "-j", jobs],
             ["web-ui/build.sh"]]
    for step in steps:
        code, output = run(step, 2400, {"HAMEAU_WEB_OUT": str(RELEASE / "web")})
        if code != 0:
            print(output[-12000:])
            return False
    return True


def fuzz_targets():
    jobs = str(os.cpu_count() or 2)
    for step in (["cmake", "--preset", "fuzz"], ["cmake", "--build", "--preset", "fuzz", "--target", "fuzzers", "-j", jobs]):
        code, output = run(step, 1500)
        if code != 0:
            print(output[-8000:])
            yield "fuzz build", ["false"], 10, None
            return
    # A fixed seed: the same commit tries the same inputs, so that CI says something of the commit and not of its luck. To look
    # for more, give HAMEAU_FUZZ_SEED=0 and many HAMEAU_FUZZ_SECONDS.
    for program in sorted((ROOT / "build" / "fuzz" / "fuzz").glob("fuzz_*")):
        corpus = next(iter(ROOT.glob(f"tests/fuzz/*/corpus/{program.name}")), None)
        fresh = ROOT / "build" / "fuzz" / "found" / program.name
        fresh.mkdir(parents=True, exist_ok=True)
        command = [str(program), f"-max_total_time={FUZZ_SECONDS}", f"-seed={FUZZ_SEED}", "-print_final_stats=0", "-rss_limit_mb=2048",
                   "-timeout=10", f"-artifact_prefix={fresh}/", str(fresh)]
        yield program.name, command + ([str(corpus)] if corpus else []), int(FUZZ_SECONDS) + 60, None


def found_inputs(name):
    """The inputs that made a fuzz target fail, in base64: the log is all that is left of a CI machine."""
    for path in sorted((ROOT / "build" / "fuzz" / "found" / name).glob("*-*"))[:2]:
        content = path.read_bytes()
        if path.name.startswith(("crash-", "timeout-", "oom-", "leak-")) and len(content) <= FOUND_BYTES_MAX:
            print(f"{path.name}, base64: {base64.b64encode(content).decode()}")


def sanitized_tests():
    """The part of `make sanitize` that CI runs; the list is the Makefile's."""
    targets = re.search(r"^SANITIZED_CI := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M).group(1).split()
    jobs = str(os.cpu_count() or 2)
    for step in (["cmake", "--preset", "asan"], ["cmake", "--build", "--preset", "asan", "-j", jobs, "--target", *targets]):
        code, output = run(step, 1500)
        if code != 0:
            print(output[-8000:])
            yield "sanitize", "build", ["false"], 10, None
            return
    for target in targets:
        yield "sanitize", target, [str(ROOT / "build/asan/tests" / target), "--gtest_brief=1"], 300, None


def suites():
    """(group, name, command, seconds, environment)"""
    for program in sorted((RELEASE / "tests").glob("*_test")):
        group = "golden" if "golden" in program.name else "unit"
        yield group, program.name, [str(program), "--gtest_brief=1"], 300, None
    for group in ("tidy", "golden", "peers", "faults", "browser"):
        for script in sorted((ROOT / "tests" / group).glob("**/run.sh")):
            if "node_modules" not in script.parts:
                yield group, str(script.parent.relative_to(ROOT / "tests")), [str(script)], 1200, None


def failed_checks(output):
    """(suite, check) of each failed check of tests/browser/run.sh, which announces a suite with "== SUITE"."""
    suite, found = None, []
    for line in output.splitlines():
        if line.startswith("== "):
            suite = line[3:].strip()
        elif line.startswith("FAIL ") and suite:
            found.append((suite, line[5:]))
    return found


class Tally:
    """Runs suites, prints a line for each, adds up."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.by_kind = {}
        self.flaky = []
        self.bad = []

    def one(self, group, name, command, seconds, env):
        begin = time.time()
        code, output = run(command, seconds, env)
        self.tell(group, name, begin, code, output, command)

    def tell(self, group, name, begin, code, output, command=None):
        good, bad, left_out = numbers(output, code)
        if bad:
            print(output[-16000:])
        if bad and group == "browser" and command:
            mended = self.again(command, output)
            good, bad = good + mended, bad - mended
        if bad:
            lines = [line.strip() for line in output.splitlines() if FAILED_LINE.match(line)]
            self.bad += [f"{group} {name}: {line[:200]}" for line in lines[:FAILED_LINES_MAX]] or [f"{group} {name}: exit code {code}"]
            if group == "fuzz":
                found_inputs(name)
        print(f"{group:8} {name:32} {good} passed, {bad} failed, {left_out} skipped  ({time.time() - begin:.1f} s)", flush=True)
        self.passed, self.failed, self.skipped = self.passed + good, self.failed + bad, self.skipped + left_out
        count = self.by_kind.setdefault(group, [0, 0])
        count[0] += good
        count[1] += bad

    def again(self, command, output):
        """How many of the failed checks passed when they were run alone. One that fails twice is a failure."""
        checks = failed_checks(output)
        mended = 0
        for suite, check in checks if len(checks) <= AGAIN_MAX else []:
            code, said = run(command + ["--only", check, suite], AGAIN_SECONDS)
            if numbers(said, code)[:2] == (1, 0):
                mended += 1
                self.flaky.append(f"{suite}: {check}")
            else:
                print(f"failed again, alone: {suite}: {check}\n{said[-4000:]}")
        return mended

    def close(self, seconds):
        """The last lines; the exit code."""
        for name in self.flaky:
            print(f"flaky: {name}")
        if len(self.flaky) > FLAKY_MAX:
            print(f"{len(self.flaky)} flaky checks, at most {FLAKY_MAX} are borne")
            self.failed += 1
        for line in self.bad:
            print(f"failed: {line}")
        print("by kind: " + ", ".join(f"{kind} {good}+{bad}" for kind, (good, bad) in self.by_kind.items()))
        print(f"in {seconds:.0f} s")
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return 1 if self.failed or not self.passed else 0


def main():
    wanted = set(sys.argv[1:])
    started = time.time()
    if not build():
        print("the build failed\n0 passed, 1 failed, 0 skipped")
        return 1
    tally = Tally()
    for group, name, command, seconds, env in suites():
        if not wanted or group in wanted or name in wanted:
            tally.one(group, name, command, seconds, env)
    if not wanted or "sanitize" in wanted:
        for suite in sanitized_tests():
            tally.one(*suite)
    if not wanted or "fuzz" in wanted:
        # Two at a time: each takes one processor for a fixed time.
        with ThreadPoolExecutor(2) as pool:
            begin = time.time()
            runs = [(name, pool.submit(run, command, seconds, env)) for name, command, seconds, env in fuzz_targets()]
            for name, done in runs:
                tally.tell("fuzz", name, begin, *done.result())
    return tally.close(time.time() - started)


if __name__ == "__main__":
    sys.exit(main())
