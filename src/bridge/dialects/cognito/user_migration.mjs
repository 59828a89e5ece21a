// The user-migration trigger of a Cognito user pool: forwards the event to Landfall, and returns it with Landfall's response.
// A Lambda function for Node.js 20 or later, without packages. Environment variable LANDFALL_TOKEN: the token of the caller.
const BRIDGE = "{{url}}";

export const handler = async (event) => {
  const answer = await fetch(BRIDGE, {
    method: "POST",
    headers: { authorization: `Bearer ${process.env.LANDFALL_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(event),
    redirect: "error",
    signal: AbortSignal.timeout(4700), // Cognito waits for 5 seconds
  }).catch(() => undefined);
  const body = await answer?.json().catch(() => undefined);
  if (answer?.status === 200 && body?.response?.userAttributes) {
    return { ...event, response: body.response };
  }
  // Cognito shows the message to the client: a wrong password and an outage are told apart by it.
  const error = new Error(body?.errorMessage ?? "Sign-in is temporarily unavailable. Try again later.");
  error.name = body?.errorType ?? "ServiceUnavailable";
  throw error;
};
