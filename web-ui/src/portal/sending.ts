// The sendings of this tab, one a site. They live apart from the Site page: who looks at another page meanwhile finds the
// progress, the remarks or the refusal again. Closing or reloading the tab would drop them, so the browser asks first.
// Called by pages/site.tsx. Never sends twice by itself.
import { type DeployReport, Problem, upload } from '../common/api';
import { asProblem } from '../common/hooks';
import { underWay } from './under-way';

export interface Sent { body: Blob; type: string; name: string }

export interface Sending {
  /** How much has left, from 0 to 1; null when nothing is under way. */
  part: number | null;
  name: string;
  problem: Problem | null;
  report: DeployReport | null;
  /** The version that was shown before. */
  before: number | undefined;
  /** What was sent last, to be sent again when somebody insists. */
  last: Sent | null;
  /** It was sent although it would show nothing. */
  anyway: boolean;
  cancel: () => void;
}

const idle: Sending = { part: null, name: '', problem: null, report: null, before: undefined, last: null, anyway: false, cancel: () => undefined };
const sendings = new Map<string, Sending>();
const all = underWay(() => [...sendings.values()].some((one) => one.part !== null));

function change(host: string, to: Partial<Sending>): void {
  sendings.set(host, { ...(sendings.get(host) ?? idle), ...to });
  all.tell();
}

export function useSending(host: string): Sending {
  all.useLook();
  return sendings.get(host) ?? idle;
}

/** `before`: the version that the sender saw. When it is another one by now, the house says so and changes nothing. */
export function startSending(host: string, what: Sent, anyway: boolean, before: number | undefined, then: { published: (number: number) => void; stale: () => void }): void {
  const sending = upload(`/api/v1/sites/${host}/deploys?after=${before ?? 0}${anyway ? '&anyway=1' : ''}`, what.body, what.type, (part) => change(host, { part }));
  change(host, { part: 0, name: what.name, problem: null, report: null, before, last: null, anyway, cancel: sending.cancel });
  sending.done.then((report) => {
    change(host, { part: null, report });
    then.published(report.number);
  }, (error: unknown) => {
    const problem = asProblem(error);
    change(host, { part: null, problem, last: ['upload_doubtful', 'upload_rules', 'version_newer'].includes(problem.code) ? what : null });
    if (problem.code === 'version_newer') then.stale();
  });
}

/** A doubt that the page had by itself, before anything was sent. */
export function askAnyway(host: string, what: Sent, problem: Problem): void {
  change(host, { problem, report: null, last: what, name: what.name });
}

export function forgetReport(host: string): void {
  change(host, { report: null });
}
