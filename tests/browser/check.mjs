// Counts checks; the last line is "N passed, N failed". A check that takes longer than its time has failed.
// --only PART runs the checks whose names contain it; --check NAME the one of this name.
const check_ms = 120_000;

export function suite() {
  let passed = 0;
  let failed = 0;
  const given = (option) => (process.argv.includes(option) ? process.argv[process.argv.indexOf(option) + 1] : '');
  const only = given('--only');
  const exactly = given('--check');
  async function check(name, work, { most_ms = check_ms } = {}) {
    if ((only && !name.includes(only)) || (exactly && name !== exactly)) return;
    let timer;
    try {
      const said = await Promise.race([work(), new Promise((_, late) => { timer = setTimeout(() => late(new Error(`not done after ${most_ms} ms`)), most_ms); })]);
      passed += 1;
      console.log(`ok   ${name}${typeof said === 'string' ? `: ${said}` : ''}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n${error.stack ?? error}`);
    } finally {
      clearTimeout(timer);
    }
  }
  return {
    check,
    report() {
      console.log(`${passed} passed, ${failed} failed`);
      process.exitCode = failed > 0 ? 1 : 0;
    },
  };
}

/** Waits until `look` answers something true; the last answer stands in the complaint. */
export async function until(look, what, most_ms = 10_000) {
  const end = Date.now() + most_ms;
  for (;;) {
    const answer = await look();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: never (last answer ${JSON.stringify(answer)})`);
    await new Promise((done) => setTimeout(done, 60));
  }
}

export function same(got, expected, what = 'value') {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function holds(truth, what) {
  if (!truth) throw new Error(what);
}
