// The server's time, which a test can move forward instead of waiting.

const realNow = Date.now.bind(Date);
let ahead = 0;

Date.now = () => realNow() + ahead;

/** Moves the time of the whole server forward by so many seconds. */
export function shiftClock(seconds) {
  ahead += seconds * 1000;
}
