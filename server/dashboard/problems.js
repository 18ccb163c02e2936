// Refusals and errors by kind, and the jobs that failed last, with why.
// May touch: the section of problems.

import { kindOf } from './ask.js';
import { byId, el, keyed, rows, setText, show } from './dom.js';
import { age, clock, count, kindName } from './format.js';
import { samples } from './metrics.js';
import { failures, history, sources } from './sources.js';

const COUNTED = [
  ['pulseproof_proofs_rejected_total', 'Proof of ours not released', () => 'did not verify'],
  ['pulseproof_http_problems_total', 'Request refused', ({ kind }) => kind],
  ['pulseproof_submissions_refused_total', 'Submission refused', ({ reason }) => reason],
  ['pulseproof_backend_failures_total', 'Device failed at a job', ({ backend }) => backend],
  ['pulseproof_connections_ended_total', 'Connection ended early', ({ why }) => why],
];

/** Shows what was refused and what failed; `open` shows a job's details. */
export function showProblems(open) {
  const items = counted();
  rows(
    byId('problems'),
    items,
    ({ key }) => key,
    ({ what, kind, all, recent }) => [what, kind, count(all), recent === 0 ? '–' : `+${count(recent)}`],
  );
  show(byId('problems-table'), items.length > 0);
  const none = sources.metrics.value !== null && items.length === 0;
  setText(byId('problems-none'), none ? 'No request, submission or proof was refused since the start.' : '');
  const watched = history.length < 2 ? 0 : history.at(-1).at - history[0].at;
  setText(byId('problems-recent'), watched === 0 ? 'Last 5 min' : `Last ${age(watched)}`);
  showFailed(open);
}

function counted() {
  const before = history[0]?.families;
  return COUNTED.flatMap(([name, what, kindOf1]) => {
    const old = samples(before, name);
    return samples(sources.metrics.value, name)
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => {
        const same = JSON.stringify(labels);
        const was = old.find((sample) => JSON.stringify(sample.labels) === same)?.value ?? 0;
        const kind = kindOf1(labels) ?? '';
        return { key: `${name} ${kind}`, what, kind, all: value, recent: before ? value - was : 0 };
      })
      .sort((a, b) => b.all - a.all);
  });
}

function showFailed(open) {
  const { value, trouble } = sources.failed;
  const jobs = value?.jobs ?? [];
  const make = ({ id }) => {
    const button = el('button', { type: 'button', class: 'link' });
    button.addEventListener('click', () => open(id));
    return el('li', {}, el('p', {}, button, ' ', el('span', { class: 'quiet' })), el('p', { class: 'why' }));
  };
  keyed(
    byId('failed'),
    jobs,
    ({ id }) => id,
    make,
    (node, job) => {
      setText(node.querySelector('button'), title(job));
      setText(node.querySelector('.quiet'), job.ended_at ? clock(job.ended_at) : '');
      setText(node.querySelector('.why'), why(job));
    },
  );
  const says = trouble
    ? 'Jobs may not be listed, or were not answered.'
    : 'No job that may be seen has failed.';
  setText(byId('failed-none'), jobs.length || (value === null && !trouble) ? '' : says);
}

function title({ kind, regions = [], id }) {
  return `${kindName(kind)}${regions.length ? ` of ${regions.join(', ')}` : ''} ${id.slice(0, 8)}`;
}

/** The kind of problem, and what happened; and what had failed before. */
function why(job) {
  const { problem, retried } = failures.get(job.id) ?? {};
  const kind = kindOf(problem?.type ?? job.problem);
  const before = retried ? ` Before, ${retried.backend} failed: ${retried.reason}` : '';
  return `${kind}${problem ? `: ${problem.detail}` : ''}${before}`;
}
