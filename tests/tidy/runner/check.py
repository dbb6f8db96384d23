#!/usr/bin/env python3
"""Tries tests/run.py on made-up suites: what it counts, what it runs again, when it fails.

Each case is a folder with a tests/browser/run.sh that fails some checks the first time, and in some cases ever after.
Ends with "N passed, N failed".
"""
import contextlib
import importlib.util
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
from house import main  # noqa: E402

RUNNER = Path(__file__).resolve().parents[2] / "run.py"
# Fails the checks of $FIRST in the run of all, those of $ALWAYS also alone; "$0.log" keeps how it was called.
SUITE = r"""#!/bin/sh
echo "$*" >>"$0.log"
only=""
if [ "${1:-}" = --only ]; then only=$2; [ "$3" = portal ] || { echo "0 passed, 1 failed"; exit 1; }; fi
passed=0; failed=0
echo "== portal"
for name in "a one" "b two" "c three" "d four"; do
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    bad=""
    case ",FIRST," in *",$name,"*) [ -n "$only" ] || bad=1 ;; esac
    case ",ALWAYS," in *",$name,"*) bad=1 ;; esac
    if [ -n "$bad" ]; then echo "FAIL $name"; failed=$((failed + 1)); else echo "ok   $name"; passed=$((passed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
"""


def run_with(group, suite):
    """(exit code, lines that the runner printed, calls of the suite)"""
    spec = importlib.util.spec_from_file_location("runner_under_test", RUNNER)
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "tests" / group / "run.sh"
        script.parent.mkdir(parents=True)
        script.write_text(suite, encoding="utf-8")
        script.chmod(0o755)
        runner.ROOT, runner.RELEASE, runner.build = Path(folder), Path(folder) / "release", lambda: True
        runner.sys.argv, kept = ["run.py", group], sys.argv
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                code = runner.main()
        finally:
            sys.argv = kept
        log = script.with_name("run.sh.log")
        return code, said.getvalue().splitlines(), log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def browser(first="", always=""):
    return run_with("browser", SUITE.replace("FIRST", first).replace("ALWAYS", always))


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} instead of {wanted!r}")


def test_all_pass():
    code, lines, calls = browser()
    expect((code, lines[-1], calls), (0, "4 passed, 0 failed, 0 skipped", [""]), "a run without failures")


def test_one_that_passes_alone_is_named():
    code, lines, calls = browser(first="b two")
    expect((code, lines[-1]), (0, "4 passed, 0 failed, 0 skipped"), "the end")
    expect([line for line in lines if line.startswith("flaky: ")], ["flaky: portal: b two"], "what is named")
    expect(calls, ["", "--only b two portal"], "what was run")


def test_two_are_borne_and_three_are_not():
    expect(browser(first="a one,b two")[0], 0, "two")
    code, lines, _ = browser(first="a one,b two,c three")
    expect((code, lines[-1]), (1, "4 passed, 1 failed, 0 skipped"), "three")


def test_one_that_fails_twice_is_a_failure():
    code, lines, calls = browser(first="b two", always="c three")
    expect((code, lines[-1]), (1, "3 passed, 1 failed, 0 skipped"), "the end")
    expect(calls, ["", "--only b two portal", "--only c three portal"], "each is run again once")
    expect([line for line in lines if line.startswith("flaky: ")], ["flaky: portal: b two"], "what is named")


def test_a_suite_that_broke_down_is_not_run_again():
    code, lines, calls = run_with("browser", '#!/bin/sh\necho "$*" >>"$0.log"\necho "no house"\nexit 1\n')
    expect((code, lines[-1], calls), (1, "0 passed, 1 failed, 0 skipped", [""]), "no closing line")


def test_other_suites_are_never_run_again():
    code, lines, calls = run_with("peers", SUITE.replace("FIRST", "b two").replace("ALWAYS", ""))
    expect((code, lines[-1], calls), (1, "3 passed, 1 failed, 0 skipped", [""]), "a peers suite")


def test_what_is_skipped_is_counted():
    code, lines, _ = run_with("golden", '#!/bin/sh\necho "3 passed, 0 failed, 2 skipped"\n')
    expect((code, lines[-1]), (0, "3 passed, 0 failed, 2 skipped"), "the end")


if __name__ == "__main__":
    sys.exit(main([test for name, test in list(globals().items()) if name.startswith("test_")]))
