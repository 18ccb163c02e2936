// Asks again every few seconds, one round at a time, and not while nobody looks.
// May touch: timers, and whether the page is seen.

const EVERY_MS = 5_000;
const LONGEST_MS = 30_000;

/**
 * `round` asks, and says whether there was an answer. Without one, the next round is later each time. `told` hears of
 * what happens: `paused`, or when the next round is.
 */
export class Poll {
  constructor(round, told) {
    this.round = round;
    this.told = told;
    this.pause = EVERY_MS;
    this.timer = null;
    this.busySince = null;
    this.again = false;
    this.nextAt = null;
    document.addEventListener('visibilitychange', () => this.seen());
  }

  /** Asks now. If it is asking already, once more after that. */
  async now() {
    clearTimeout(this.timer);
    if (this.busySince !== null) {
      this.again = true;
      return;
    }
    this.busySince = Date.now();
    this.nextAt = null;
    let answered = false;
    try {
      answered = await this.round();
    } finally {
      this.busySince = null;
      this.plan(answered);
    }
  }

  plan(answered) {
    this.pause = answered ? EVERY_MS : Math.min(LONGEST_MS, this.pause * 2);
    const pause = this.again ? 0 : this.pause;
    this.again = false;
    if (document.hidden) {
      this.told();
      return;
    }
    this.nextAt = Date.now() + pause;
    this.timer = setTimeout(() => this.now(), pause);
    this.told();
  }

  seen() {
    clearTimeout(this.timer);
    if (document.hidden) this.nextAt = null;
    else this.now();
    this.told();
  }
}
