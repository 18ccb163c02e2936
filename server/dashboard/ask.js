// Asks the appliance that this page came from, and nobody else.
// May touch: the network, of this origin. Touches no document and keeps nothing.

/** The appliance said no; `problem` is its problem document, `retryAfter` seconds or null. */
export class Refusal extends Error {
  constructor(status, problem, retryAfter) {
    super(`${status}`);
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** The kind of problem, without its prefix. */
  get kind() {
    return kindOf(this.problem?.type) || `status ${this.status}`;
  }
}

/** The appliance did not answer; `message` says how. */
export class Silence extends Error {}

const PATIENCE_MS = 10_000;
const RESULT_PATIENCE_MS = 60_000;

/** `urn:pulseproof:bad-key` is `bad-key`. */
export function kindOf(type) {
  return typeof type === 'string' ? type.replace(/^urn:pulseproof:/, '') : '';
}

/** What is answered: `{value, retryAfter, date}`. `/readyz` says no with what it would say yes with. */
export async function ask(path, { token, as = 'json', within = PATIENCE_MS } = {}) {
  const answer = await send(path, token, within);
  const retryAfter = secondsOf(answer.response.headers.get('Retry-After'));
  const date = Date.parse(answer.response.headers.get('Date') ?? '') || null;
  if (!answer.response.ok) {
    const said = json(answer.bytes);
    if (typeof said?.ready === 'boolean') return { value: said, retryAfter, date };
    throw new Refusal(answer.response.status, said, retryAfter);
  }
  return { value: read(answer.bytes, as), retryAfter, date };
}

/** The bytes of a job's result. */
export async function result(id, token) {
  const path = `/v1/jobs/${encodeURIComponent(id)}/result`;
  return (await ask(path, { token, as: 'bytes', within: RESULT_PATIENCE_MS })).value;
}

async function send(path, token, within) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const signal = AbortSignal.timeout(within);
  const how = { headers, signal, cache: 'no-store', credentials: 'omit', redirect: 'error' };
  try {
    const response = await fetch(path, how);
    return { response, bytes: await response.arrayBuffer() };
  } catch (error) {
    const late = error?.name === 'TimeoutError';
    throw new Silence(late ? `no answer within ${within / 1000} s` : 'it cannot be reached');
  }
}

function read(bytes, as) {
  if (as === 'bytes') return bytes;
  if (as === 'text') return new TextDecoder().decode(bytes);
  const value = json(bytes);
  if (value === null) throw new Silence('what answered is no appliance');
  return value;
}

function json(bytes) {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}

/** Seconds of a `Retry-After`, which may also be a date. */
export function secondsOf(header) {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}
