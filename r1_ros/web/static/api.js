// Calls of the server. The token came behind '#', which browsers keep to themselves.

const found = new URLSearchParams(location.hash.slice(1)).get("token");
if (found) {
  sessionStorage.setItem("r1-token", found);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem("r1-token");

export class ApiError extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

async function send(path, body, signal) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = { headers, signal };
  if (body !== undefined) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  const response = await fetch(path, options);
  if (!response.ok) {
    const text = await response.text();
    let words = text;
    try {
      const data = JSON.parse(text);
      words = data.error ?? data.detail?.map((d) => `${d.loc.at(-1)}: ${d.msg}`).join("; ") ?? text;
    } catch { /* a proxy's words */ }
    throw new ApiError(response.status, words.slice(0, 500));
  }
  return response;
}

export const get = async (path) => (await send(path)).json();
export const post = async (path, body) => (await send(path, body)).json();
export const bytes = async (path) => (await send(path)).arrayBuffer();
export const blob = async (path) => (await send(path)).blob();

// One JSON value a line: progress, then the result.
export async function* lines(path, body, signal) {
  const reader = (await send(path, body, signal)).body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const whole = rest.split("\n");
    rest = whole.pop();
    for (const line of whole) yield JSON.parse(line);
  }
}
