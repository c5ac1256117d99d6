// Requests to the admin address that this page came from, with the token once a person has given it. It is kept for
// this tab only.

const kept = 'tandem-admin-token';

export class Refused extends Error {
  constructor(status, reason, detail) {
    super(detail);
    this.status = status;
    this.reason = reason;
  }
}

export function giveToken(token) {
  sessionStorage.setItem(kept, token);
}

async function problem(answer) {
  const text = await answer.text();
  try {
    const { reason, detail } = JSON.parse(text);
    return new Refused(answer.status, reason, detail);
  } catch {
    return new Refused(answer.status, '', text.trim() || answer.statusText);
  }
}

// The answer; throws Refused for a status that is no success, and what fetch() throws when there is none.
export async function ask(path, { method = 'GET', body } = {}) {
  const token = sessionStorage.getItem(kept);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  if (body !== undefined) headers['Content-Type'] = 'application/octet-stream';
  const answer = await fetch(path, { method, body, headers, cache: 'no-store', signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw await problem(answer);
  return answer;
}

export async function askJson(path) {
  return (await ask(path)).json();
}
