// A failing plan with as little in it as possible: parts are left out as long as one fault of the same kind remains.
import { planOf, Session } from './session.mjs';

export function faultsOf(plan, subject, trace = false) {
  try {
    return new Session(plan, subject, { trace }).run();
  } catch (error) {
    return { faults: [{ fault: `threw: ${error.message}` }], words: 0, trace: [error.stack] };
  }
}

export function shrink(seed, options, subject, seconds = 20, wanted = null) {
  const end = performance.now() + seconds * 1000;
  let plan = planOf(seed, options);
  const kind = faultsOf(plan, subject).faults.find(({ fault }) => (wanted ? fault === wanted : fault !== 'halved'))?.fault;
  const fails = (one) => faultsOf(one, subject).faults.some(({ fault }) => fault === kind);
  if (!kind || !fails(plan)) return { plan, kind };
  for (let size = Math.ceil(plan.acts.length / 2), least = Infinity; size >= 1; size = size > 1 ? Math.ceil(size / 2) : plan.acts.length < least ? 1 : 0) {
    least = plan.acts.length;
    for (let from = 0; from < plan.acts.length && performance.now() < end;) {
      const less = { ...plan, acts: [...plan.acts.slice(0, from), ...plan.acts.slice(from + size)] };
      if (fails(less)) plan = less;
      else from += size;
    }
  }
  for (const act of plan.acts) {
    while (act.words > 1 && performance.now() < end) {
      const less = { ...plan, acts: plan.acts.map((one) => (one === act ? { ...act, words: act.words - 1 } : one)) };
      if (!fails(less)) break;
      act.words -= 1;
    }
  }
  return { plan, kind };
}

const nameOf = (sign) => {
  const code = sign.charCodeAt(0) - 0x4e00;
  return code < 0 || code > 0x4fff ? sign : code % 4 === 0 ? `w${Math.floor(code / 4)}.` : '.';
};
export function draw(doc, depth = 0) {
  const out = [];
  doc.forEach((node) => {
    if (node.isTextblock) out.push(`${'  '.repeat(depth)}${node.type.name}: ${[...node.textContent].map(nameOf).join('').replace(/\.(\.\.\.)/g, '')}`);
    else out.push(`${'  '.repeat(depth)}${node.type.name}`, ...draw(node, depth + 1));
  });
  return out;
}

/** Says after each event which lines somebody sees that he did not see before. */
function watch(session) {
  const seen = session.people.map((one) => draw(one.state.doc));
  const { agenda } = session;
  const take = agenda.take.bind(agenda);
  const look = () => session.people.forEach((one, who) => {
    const now = draw(one.state.doc);
    const news = now.map((line, i) => [i, line]).filter(([, line]) => !seen[who].includes(line));
    if (news.length > 0 || now.length !== seen[who].length) session.say(who, `  sees ${news.map(([i, line]) => `${i}: ${line.trim()}`).join(' / ')}${now.length === seen[who].length ? '' : ` (${now.length} lines)`}`);
    seen[who] = now;
  });
  agenda.take = () => {
    look();
    return take();
  };
}

export function tell(plan, subject, watching = false) {
  const session = new Session(plan, subject, { trace: true });
  if (watching) watch(session);
  const begun = session.people.map((one) => draw(one.state.doc))[0];
  let faults;
  try {
    ({ faults } = session.run());
  } catch (error) {
    faults = [{ fault: error.stack }];
  }
  const lines = [`delay: ${plan.delay}; begins with`, ...begun.map((one) => `  ${one}`), ...session.trace.map((one) => `  ${one}`), 'ends with', ...draw(session.people[0].state.doc).map((one) => `  ${one}`)];
  for (const { word, fault } of faults) {
    const one = session.model.words[word];
    lines.push(one ? `${fault}: w${word} of person ${one.who}, written between ${one.left === null ? 'nothing' : `w${one.left}`} and ${one.right === null ? 'nothing' : `w${one.right}`}` : fault);
  }
  return lines.join('\n');
}
