// What was asked of the server and how it ended, and the failures a test has ordered.

import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

// The name of a request that has no grant type, by path.
const watched = new Map([
  ['/token', 'token'],
  ['/token/revocation', 'revocation'],
  ['/token/introspection', 'introspection'],
  ['/device/auth', 'device_authorization'],
]);

/** Counts by what was asked (a grant type at the token endpoint, else the endpoint) and by how it ended. */
export class Journal {
  #counts = {};
  #issues = [];
  #inFlight = 0;

  add(asked, outcome) {
    const outcomes = (this.#counts[asked] ??= {});
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }

  counts() {
    return this.#counts;
  }

  begin() {
    this.#inFlight += 1;
  }

  end() {
    this.#inFlight -= 1;
  }

  /** Records the outcome for a code or a refresh token. Tokens are recorded by their SHA-256. */
  issue(what, used, issued) {
    this.#issues.push({ ...what, used: digest(used), issued: digest(issued), at: Date.now() });
  }

  issues({ from = 0 }) {
    return { in_flight: this.#inFlight, issues: this.#issues.slice(from) };
  }
}

/** Failures to come, in their order. Each is for the next request that asks for its grant type. */
export class Faults {
  #ordered = [];

  order(fault) {
    this.#ordered.push(fault);
  }

  next(asked) {
    const index = this.#ordered.findIndex((fault) => fault.asked === asked);
    return index < 0 ? undefined : this.#ordered.splice(index, 1)[0];
  }
}

/** Middleware around every route of the provider. */
export function watch(journal, faults, options) {
  return async (ctx, next) => {
    const endpoint = ctx.method === 'POST' ? watched.get(ctx.path) : undefined;
    if (!endpoint) {
      await next();
      return;
    }
    journal.begin();
    try {
      await exchange(ctx, next, endpoint, { journal, faults, options });
    } finally {
      journal.end();
    }
  };
}

async function exchange(ctx, next, endpoint, { journal, faults, options }) {
  const form = new URLSearchParams(await body(ctx));
  const asked = form.get('grant_type') ?? endpoint;
  const fault = faults.next(asked);

  if (fault?.status !== undefined) {
    ctx.status = fault.status;
    Object.entries(fault.headers ?? {}).forEach(([name, value]) => ctx.set(name, value));
    ctx.body = fault.body ?? { error: 'temporarily_unavailable' };
    journal.add(asked, `fault ${fault.status}`);
    return;
  }

  await next();

  const outcome = ctx.status < 400 ? 'success' : (ctx.body?.error ?? `status ${ctx.status}`);
  if (asked === 'refresh_token' || asked === 'authorization_code') {
    const account = ctx.oidc?.entities?.Account?.accountId;
    journal.issue({ asked, outcome, account }, form.get('refresh_token'), ctx.body?.refresh_token);
  }
  if (asked === 'refresh_token' && options.answer_delay_ms > 0) {
    await setTimeout(options.answer_delay_ms);
  }
  if (fault?.lost) {
    // The server has done its part, rotation included; the answer never arrives.
    journal.add(asked, 'lost');
    ctx.respond = false;
    ctx.req.socket.destroy();
    return;
  }
  if (options.omit_expires_in && ctx.body?.access_token) {
    delete ctx.body.expires_in;
  }
  journal.add(asked, outcome);
}

// The form is kept where the provider looks for a body that was read before its turn.
async function body(ctx) {
  const chunks = [];
  for await (const chunk of ctx.req) {
    chunks.push(chunk);
  }
  ctx.req.body = Buffer.concat(chunks).toString();
  return ctx.req.body;
}

function digest(token) {
  return token ? createHash('sha256').update(token).digest('hex') : null;
}
