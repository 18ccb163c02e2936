// The token: in this page's memory, and nowhere else.
// May touch: nothing. It is in no storage, since browsers write theirs to disk, and in no address.

const SHAPE = /^pulseproof_([0-9a-f]{16})_[0-9a-f]{64}$/;

let held = null;
let refused = false;

/** Keeps a token; false if it is none. */
export function keep(text) {
  const token = text.trim();
  if (!SHAPE.test(token)) return false;
  held = token;
  refused = false;
  return true;
}

/** Forgets it. */
export function forget() {
  held = null;
  refused = false;
}

/** What is sent: none if there is none, or if the appliance did not take it. */
export function token() {
  return refused ? null : held;
}

/** The part of it that is no secret. */
export function id() {
  return held === null ? null : SHAPE.exec(held)[1];
}

/** The appliance does not take it: it is not sent again. */
export function refuse() {
  if (held !== null) refused = true;
}

/** Whether the appliance did not take it. */
export function isRefused() {
  return refused;
}
