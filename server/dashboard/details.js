// One job in a dialog: Escape closes it, and the focus goes back to where it was.
// May touch: the dialog, the clipboard when a button is pressed, and the network through ask.js.

import { ask, kindOf, Refusal, result } from './ask.js';
import { byId, el, facts, keyed, setText, show } from './dom.js';
import { age, bytes, clock, percent, seconds } from './format.js';
import { progress, stageOf, titleOf } from './jobs.js';
import { serverNow, silence, sources } from './sources.js';
import { token } from './token.js';
import { commands, fileOf } from './verify.js';

let opened = null;
let job = null;
let at = null;
let hash = null;
let due = 0;

/** Listens to the dialog's buttons. */
export function listen() {
  byId('details-close').addEventListener('click', () => byId('details').close());
  byId('details').addEventListener('close', () => {
    [opened, job, hash] = [null, null, null];
  });
  byId('details').addEventListener('click', (event) => {
    if (event.target === byId('details')) byId('details').close();
  });
  byId('verify-copy').addEventListener('click', copy);
  byId('verify-hash').addEventListener('click', compute);
}

/** Opens a job's details. */
export async function open(id) {
  [opened, job, hash, due] = [id, null, null, 0];
  setText(byId('details-title'), `Job ${id.slice(0, 8)}`);
  say('Asking …');
  for (const part of ['details-progress', 'details-problem', 'verify']) show(byId(part), false);
  byId('details-facts').replaceChildren();
  setText(byId('verify-hash-says'), '');
  setText(byId('verify-copied'), '');
  byId('details').showModal();
  await refresh();
}

/** Asks again for the job that is shown, unless it has ended. */
export async function refresh() {
  const id = opened;
  if (id === null || (job !== null && job.ended_at) || Date.now() < due) return;
  try {
    const { value } = await ask(`/v1/jobs/${encodeURIComponent(id)}`, { token: token() });
    if (opened !== id) return;
    [job, at] = [value, Date.now()];
    say('');
    draw();
  } catch (error) {
    if (opened !== id) return;
    due = Date.now() + (error.retryAfter ?? 0) * 1000;
    say(unseen(error));
  }
}

/** While the appliance does not answer, says how old this is. */
export function showAge() {
  if (job === null) return;
  const isSaid = byId('details-says').dataset.old === 'true';
  if (silence) say(`The appliance does not answer. This is of ${clock(at)}.`);
  else if (isSaid) say('');
  byId('details-says').dataset.old = String(silence !== null);
}

function unseen(error) {
  if (!(error instanceof Refusal))
    return `The appliance does not answer: ${error.message}. What is shown may be old.`;
  if (error.status === 404) return 'There is no such job, or none that this token may see.';
  if (error.status === 403 || error.status === 401) return 'This job may not be seen without another token.';
  return `The appliance says: ${error.problem?.detail ?? error.kind} (${error.status}).`;
}

function say(text) {
  show(byId('details-says'), text !== '');
  setText(byId('details-says'), text);
}

function draw() {
  setText(byId('details-title'), titleOf(job));
  show(byId('details-progress'), job.state === 'running');
  setText(byId('details-stage'), stageOf(job) || 'at work');
  progress(byId('details-bar'), job);
  facts(byId('details-facts'), [...identity(), ...times(), ...work()]);
  drawProblem();
  drawVerify();
}

function identity() {
  const { request, client, id, state, stage } = job;
  const last = state === 'failed' || state === 'cancelled' ? stage : null;
  const sums = (request.sums ?? []).map(({ region, epoch }) => `${region} ${epoch}`).join(', ');
  const weights = Object.keys(request.weights ?? {}).length;
  return [
    ['Job', el('code', {}, id)],
    ['State', state],
    ['Last stage', last],
    ['Asked by', client],
    ['Sums', sums],
    ['Weights other than 1', weights ? String(weights) : null],
  ];
}

function times() {
  const { queued_at: queued, started_at: started, ended_at: ended, deadline } = job;
  const took = (from, to) => seconds(Math.max(0, to - from) / 1000);
  return [
    ['Asked', queued ? clock(queued) : null],
    ['Begun', started ? `${clock(started)}, after ${took(queued ?? started, started)}` : null],
    ['Ended', ended ? `${clock(ended)}, after ${took(started ?? queued ?? ended, ended)}` : null],
    ['Waits for', job.state === 'queued' && queued ? age(serverNow() - queued) : null],
    ['At work for', job.state === 'running' && started ? age(serverNow() - started) : null],
    ['Fails if not done by', deadline ? clock(deadline) : null],
  ];
}

function work() {
  const took = (us) => (Number.isFinite(us) ? seconds(us / 1e6) : null);
  const { estimate, retried } = job;
  const costs = estimate ? `${estimate.lookups} bootstraps, ${estimate.depth} one after the other` : null;
  return [
    ['Backend', job.backend],
    ['Engine', job.engine],
    ['Estimate', costs],
    [
      'Progress',
      job.state !== 'running' && Number.isFinite(job.progress) ? percent(job.progress / 1000) : null,
    ],
    ['Proving took', took(job.prove_us)],
    ['Verifying took', took(job.verify_us)],
    ['Computing took', took(job.compute_us)],
    ['Failed before', retried ? `${retried.backend}: ${retried.reason}` : null],
  ];
}

function drawProblem() {
  const { problem } = job;
  show(byId('details-problem'), Boolean(problem));
  if (!problem) return;
  const field = problem.field ? [`field: ${problem.field}`] : [];
  const limit = Number.isFinite(problem.limit) ? [`limit: ${problem.limit}`] : [];
  const more = [...field, ...limit].join(', ');
  byId('details-problem').replaceChildren(
    el('p', {}, el('strong', {}, String(problem.title)), ' ', el('code', {}, kindOf(problem.type))),
    el('p', {}, `${problem.detail}${more ? ` (${more})` : ''}`),
  );
}

function drawVerify() {
  show(byId('verify'), job.state === 'done');
  if (job.state !== 'done') return;
  const { lines, notes } = commands(job, {
    origin: location.origin,
    key: sources.identity.value?.key ?? null,
    isInsecure: Boolean(sources.health.value?.warning),
    asksToken: token() !== null || sources.metrics.trouble?.status === 401,
    hash,
  });
  setText(byId('verify-commands'), lines.join('\n'));
  keyed(
    byId('verify-notes'),
    notes,
    (note) => note,
    () => el('li'),
    (node, note) => setText(node, note),
  );
  const able = window.isSecureContext && Boolean(globalThis.crypto?.subtle);
  show(byId('verify-hash'), able);
  if (!able)
    setText(
      byId('verify-hash-says'),
      'The browser computes no SHA-256 here, because this page came by http from another machine: ' +
        'that takes https, or this machine itself. Compare with sha256sum instead.',
    );
}

/** The SHA-256 of what the appliance answers now. */
async function compute() {
  const id = opened;
  const says = byId('verify-hash-says');
  setText(says, 'Fetching …');
  try {
    const got = await result(id, token());
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', got));
    if (opened !== id) return;
    hash = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    says.replaceChildren(
      `SHA-256 of the ${bytes(got.byteLength)} fetched: `,
      el('code', {}, hash),
      `. The commands above compare ${fileOf(job)} with it.`,
    );
    drawVerify();
  } catch (error) {
    if (opened === id) setText(says, notFetched(error));
  }
}

function notFetched(error) {
  if (!(error instanceof Refusal))
    return silence ? 'The appliance does not answer.' : `Not fetched: ${error.message}.`;
  if (error.status === 403)
    return 'This token may not fetch results. Auditors’ may, and gateways’ and clinicians’ of its regions.';
  return `The appliance says: ${error.problem?.detail ?? error.kind} (${error.status}).`;
}

/** Copies the commands; where the browser does not let it, they are selected. */
async function copy() {
  try {
    await navigator.clipboard.writeText(byId('verify-commands').textContent);
    setText(byId('verify-copied'), 'Copied.');
  } catch {
    getSelection().selectAllChildren(byId('verify-commands'));
    setText(byId('verify-copied'), 'Selected: copy with Ctrl+C.');
  }
}
