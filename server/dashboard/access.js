// Whether a token is asked for, and the field for one.
// May touch: the section of access, and the token.

import { byId, mark, setText, show } from './dom.js';
import { reset, sources } from './sources.js';
import * as tokens from './token.js';

/** Listens to the field; `ask` asks at once. */
export function listen(ask) {
  byId('token-form').addEventListener('submit', (event) => {
    event.preventDefault();
    take(byId('token'), ask);
  });
  byId('token-forget').addEventListener('click', () => {
    forget(ask);
    // The button is gone: the focus goes to where it was.
    byId('access-title').focus();
  });
  // Who leaves the page leaves no token behind, also where browsers keep pages to come back to.
  addEventListener('pagehide', () => forget(() => {}));
}

function take(field, ask) {
  const isOne = tokens.keep(field.value);
  const wrong = byId('token-wrong');
  setText(
    wrong,
    isOne ? '' : 'That is no token. One looks like pulseproof_ with 16 and 64 hexadecimal digits.',
  );
  show(wrong, !isOne);
  mark(field, 'aria-invalid', isOne ? null : 'true');
  if (!isOne) return;
  field.value = '';
  reset();
  ask();
}

function forget(ask) {
  tokens.forget();
  byId('token').value = '';
  reset();
  ask();
}

/** Says how things stand with tokens. */
export function showAccess() {
  const { text, tone, isNeeded } = standing();
  const before = byId('access-says');
  if (before.textContent !== text && tone !== 'idle') byId('announce').textContent = text;
  setText(before, text);
  mark(byId('access'), 'data-tone', tone);
  show(byId('access-how'), isNeeded);
  show(byId('token-form'), isNeeded);
  show(byId('token-held'), tokens.id() !== null);
}

function standing() {
  const { metrics, jobs } = sources;
  const id = tokens.id();
  if (tokens.isRefused()) {
    return {
      tone: 'warn',
      isNeeded: true,
      text:
        `The appliance does not take the token ${id}: it is unknown, has expired or was revoked. ` +
        'It is not sent any more.',
    };
  }
  if (id !== null) return held(id, metrics, jobs);
  const needed = [metrics, jobs].some(({ trouble }) => trouble?.status === 401 || trouble?.status === 403);
  if (needed)
    return {
      tone: 'ask',
      isNeeded: true,
      text: 'This appliance asks for a token. Without one it says whether it is up and takes work, and no more.',
    };
  if (metrics.value !== null) {
    return {
      tone: 'warn',
      isNeeded: false,
      text:
        'No token is asked for: whoever is on the appliance’s machine may do everything. ' +
        'Once one was made, tokens are asked for from the next start on.',
    };
  }
  return {
    tone: 'idle',
    isNeeded: false,
    text: 'It is not known yet whether this appliance asks for a token.',
  };
}

function held(id, metrics, jobs) {
  const no = [];
  if (metrics.trouble?.status === 403) no.push('see metrics: operators’ and auditors’ may');
  if (jobs.trouble?.status === 403) no.push('list jobs');
  if (no.length)
    return {
      tone: 'ask',
      isNeeded: false,
      text: `The token ${id} may not ${no.join(', nor ')}. The rest is shown.`,
    };
  if (metrics.value === null && jobs.value === null)
    return { tone: 'idle', isNeeded: false, text: `The token ${id} is tried …` };
  return { tone: 'ok', isNeeded: false, text: `The token ${id} is used.` };
}
