// In place of axios: what the hooks use of it.
exports.post = async (url, body, { headers, timeout, validateStatus }) => {
  const answer = await fetch(url, {
    method: "POST", headers, body: JSON.stringify(body), redirect: "manual", signal: AbortSignal.timeout(timeout),
  });
  if (!validateStatus(answer.status)) {
    throw new Error(`status ${answer.status}`);
  }
  const text = await answer.text();
  try {
    return { status: answer.status, data: JSON.parse(text) };
  } catch {
    return { status: answer.status, data: text };
  }
};
