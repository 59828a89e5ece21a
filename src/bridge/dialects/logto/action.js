// The action "Post first-factor verification" of Logto. Logto runs it when a sign-in has the wrong password or no user. Among the
// environment variables of the action, LANDFALL_TOKEN is the token of the caller.
const runAction = async ({ event, environmentVariables }) => {
  // of a user whom Logto has, only what says whether the user waits for a password
  const { landfall_external_id, landfall_waiting, landfall_migrated } = event.user?.customData ?? {};
  const user = event.user ? { customData: { landfall_external_id, landfall_waiting, landfall_migrated } } : null;
  const answer = await fetch("{{url}}", {
    method: "POST",
    headers: { authorization: `Bearer ${environmentVariables.LANDFALL_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ identifier: event.identifier, user, password: event.password }),
    redirect: "error",
  });
  const body = await answer.json();
  if (answer.status === 200 && body.passwordVerified === true) return body;
  if (answer.status === 401 && body.outcome === "refused") return undefined;
  // Logto rejects the sign-in, and its log has this message
  throw new Error("Landfall is temporarily unavailable");
};
