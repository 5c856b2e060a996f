// A protected resource (RFC 6750): each request's bearer token is looked up at the authorization server.

/** `/api/me` says who the token is for; `/api/echo` returns everything that it was sent, credentials included. */
export function apiHandler(provider, journal) {
  return async (request, response) => {
    const url = new URL(request.url, 'http://api.invalid');
    const token = await bearer(provider, request);
    if (!token) {
      journal.add('api', 'refused');
      const error = request.headers.authorization ? ' error="invalid_token"' : ' realm="api"';
      response.setHeader('www-authenticate', `Bearer${error}`);
      return answer(response, 401, { error: request.headers.authorization ? 'invalid_token' : 'missing_token' });
    }
    journal.add('api', 'served');
    switch (url.pathname) {
      case '/api/me':
        return answer(response, 200, {
          sub: token.accountId ?? null,
          client_id: token.clientId,
          scope: token.scope ?? '',
        });
      case '/api/echo':
        return answer(response, 200, {
          method: request.method,
          path: url.pathname,
          query: Object.fromEntries(url.searchParams),
          headers: request.headers,
          body: await text(request),
        });
      default:
        return answer(response, 404, { error: 'not_found', paths: ['/api/me', '/api/echo'] });
    }
  };
}

async function bearer(provider, request) {
  const [scheme, value] = (request.headers.authorization ?? '').split(' ');
  if (scheme.toLowerCase() !== 'bearer' || !value) {
    return undefined;
  }
  return (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value));
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function answer(response, status, value) {
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(value));
}
