// node build/words.mjs [--subject stock|ours] [--sessions N] [--seed S] [--editors 2|3] [--ops GROUP|kind,kind] [--actions N]
//   [--jobs N]     over so many processes        [--json 1]  one line of figures for other programs
//   [--shrink S]   seconds to look for the least plan of the first failing session (0: none; as a rule 20)
//   [--fault NAME] shrinks for this fault (as a rule the first one)
//   [--watch 1]    says what each person sees after each event of that plan
//   [--keep FILE]  that plan as JSON              [--plan FILE]  plays such a plan again
//   [--list 1]     says of each session with faults which
//   [--break NAME] ours with a fault put in (faults.mjs): the simulator must see it
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { real } from './clock.mjs';
import { planOf } from './session.mjs';
import { faultsOf, shrink, tell } from './shrink.mjs';
import { subjectOf } from './subjects.mjs';

const args = {};
for (let i = 2; i < process.argv.length; i += 2) args[process.argv[i].replace(/^--/, '')] = process.argv[i + 1];
const options = { editors: Number(args.editors ?? 2), ops: args.ops ?? 'all', actions: Number(args.actions ?? 34) };
const first = Number(args.seed ?? 1);
const count = Number(args.sessions ?? 100);
const jobs = Math.min(count, Number(args.jobs ?? 1));
const began = real();

function one() {
  const subject = subjectOf(args.subject ?? 'ours', args.break);
  const found = { sessions: 0, words: 0, bad: [], totals: {}, told: 0 };
  for (let seed = first; seed < first + count; seed += 1) {
    const { faults, words, told = 0 } = faultsOf(planOf(seed, options), subject);
    found.sessions += 1;
    found.words += words;
    found.told += told;
    if (faults.some(({ fault }) => fault !== 'halved')) {
      found.bad.push(seed);
      if (args.list) console.log(`${options.ops} ${seed}: ${faults.map(({ word, fault }) => `${fault}${word === undefined ? '' : ` w${word}`}`).join(', ')}`);
    }
    for (const { fault } of faults) found.totals[fault] = (found.totals[fault] ?? 0) + 1;
  }
  return found;
}

async function many() {
  const share = Math.ceil(count / jobs);
  const parts = await Promise.all(Array.from({ length: jobs }, (_, i) => new Promise((done, failed) => {
    const mine = { ...args, jobs: 1, json: 1, seed: first + i * share, sessions: Math.min(share, count - i * share) };
    const child = spawn(process.execPath, [process.argv[1], ...Object.entries(mine).flatMap(([name, value]) => [`--${name}`, String(value)])], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (part) => { text += part; });
    child.on('close', () => {
      try {
        done(JSON.parse(text));
      } catch {
        failed(new Error(`part ${i}: ${text}`));
      }
    });
  })));
  const sum = { sessions: 0, words: 0, bad: [], totals: {}, told: 0 };
  for (const part of parts) {
    sum.sessions += part.sessions;
    sum.words += part.words;
    sum.told += part.told;
    sum.bad.push(...part.bad);
    for (const [fault, n] of Object.entries(part.totals)) sum.totals[fault] = (sum.totals[fault] ?? 0) + n;
  }
  return sum;
}

if (args.plan) {
  console.log(tell(JSON.parse(readFileSync(args.plan, 'utf8')), subjectOf(args.subject ?? 'ours', args.break), Boolean(args.watch)));
  process.exit(0);
}
const found = jobs > 1 ? await many() : one();
if (args.json) console.log(JSON.stringify(found));
else {
  const faults = Object.entries(found.totals).map(([name, n]) => `${n} ${name}`).join(', ') || 'no faults';
  console.log(`${args.subject ?? 'ours'}, ${options.ops}, ${options.editors} editors, seeds ${first} to ${first + count - 1}: ${found.words} words, ${faults}; `
    + `${found.bad.length} sessions with faults${found.bad.length > 0 ? ` (${found.bad.slice(0, 12).join(', ')})` : ''}; ${((real() - began) / 1000).toFixed(1)} s`);
  const seconds = Number(args.shrink ?? 20);
  if (found.bad.length > 0 && seconds > 0) {
    const { plan, kind } = shrink(found.bad[0], options, subjectOf(args.subject ?? 'ours', args.break), seconds, args.fault);
    if (args.keep) writeFileSync(args.keep, JSON.stringify(plan));
    console.log(`seed ${found.bad[0]}, the least that still shows "${kind}" (${plan.acts.length} acts):\n${tell(plan, subjectOf(args.subject ?? 'ours', args.break), Boolean(args.watch))}`);
  }
}
process.exitCode = found.bad.length > 0 && !args.json ? 1 : 0;
