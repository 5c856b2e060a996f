// What a test does behind the server's back. Every request is a POST with a JSON object.

/**
 * `/expire {kinds}`      forgets tokens: AccessToken, ClientCredentials, RefreshToken, Grant, ...
 * `/clock {seconds}`     moves the server's time forward
 * `/fault {asked, ...}`  orders a failure of the next request for that grant type, or `revocation`, `introspection`:
 *                        `{status, headers, body}` instead of an answer, or `{lost: true}` after the work is done
 * `/counts {}`           what was asked and how it ended
 * `/issues {from}`       which refresh tokens were used and given, from that one on, and how many requests are in work
 */
export function adminHandler({ storage, journal, faults, shiftClock }) {
  const orders = {
    '/expire': ({ kinds }) => ({ forgotten: storage.forget(kinds) }),
    '/clock': ({ seconds }) => shiftClock(seconds) ?? {},
    '/fault': (fault) => faults.order(fault) ?? {},
    '/counts': () => journal.counts(),
    '/issues': (range) => journal.issues(range),
  };
  return async (request, response) => {
    response.setHeader('content-type', 'application/json');
    const order = request.method === 'POST' ? orders[request.url] : undefined;
    if (!order) {
      response.statusCode = 404;
      return response.end(JSON.stringify({ error: `POST to one of ${Object.keys(orders).join(' ')}` }));
    }
    try {
      const chunks = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      return response.end(JSON.stringify(order(JSON.parse(Buffer.concat(chunks).toString() || '{}'))));
    } catch (error) {
      response.statusCode = 400;
      return response.end(JSON.stringify({ error: error.message }));
    }
  };
}
