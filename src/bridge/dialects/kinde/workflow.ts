// Migrates customers of a legacy system at their first login, by Landfall. Printed by `landfall bridge script kinde`.
//
// Environment variables of Kinde (Settings > Environment variables):
//   KINDE_WF_M2M_CLIENT_ID, KINDE_WF_M2M_CLIENT_SECRET  the machine-to-machine application; the secret is marked as sensitive
//   LANDFALL_IMPORTED_USERS                             "yes" if the users exist in Kinde already, without a password
// Encryption key of this workflow (Workflows > this one > Encryption keys): `decryption_key` of the bridge.
import {
  createKindeAPI,
  getEnvironmentVariable,
  invalidateFormField,
  secureFetch,
  WorkflowTrigger,
} from "@kinde/infrastructure";

const LANDFALL = "{{url}}";
const REFUSED = "Email or password not found";
const UNAVAILABLE = "Signing in is temporarily unavailable. Please try again in a minute.";

export const workflowSettings = {
  id: "landfallMigration",
  name: "Migration at the first login",
  trigger: WorkflowTrigger.ExistingPasswordProvided,
  failurePolicy: { action: "stop" },
  bindings: {
    "kinde.widget": {},
    "kinde.secureFetch": {},
    "kinde.fetch": {},
    "kinde.env": {},
    url: {},
  },
};

export default async function Workflow(event: any) {
  const { hasUserRecordInKinde } = event.context.auth;
  if (hasUserRecordInKinde && getEnvironmentVariable("LANDFALL_IMPORTED_USERS")?.value !== "yes") {
    return; // Kinde checks the password
  }
  const answer = await ask(event);
  if (answer?.user && answer?.password) {
    try {
      await migrate(event, answer);
    } catch (error) {
      console.error("Landfall: Kinde did not take the user:", error instanceof Error ? error.message : "");
      invalidateFormField("p_password", UNAVAILABLE);
    }
    return;
  }
  // Who has a record may have a password in Kinde by now, which Kinde checks.
  if (!hasUserRecordInKinde) {
    invalidateFormField("p_password", answer === null ? REFUSED : UNAVAILABLE);
  }
}

// The user; null if Landfall refuses; something else if it cannot say.
async function ask(event: any) {
  const { providedEmail, password } = event.context.auth;
  try {
    const { data } = await secureFetch(LANDFALL, {
      method: "POST",
      responseFormat: "json",
      headers: { "content-type": "application/json" },
      body: { email: providedEmail, password, at: Date.now(), ip: event.request?.ip },
    });
    return data;
  } catch (error) {
    console.error("Landfall cannot be asked:", error instanceof Error ? error.message : "");
    return undefined;
  }
}

async function migrate(event: any, answer: any) {
  const kinde = await createKindeAPI(event);
  const id = event.context.auth.hasUserRecordInKinde ? await imported(event, kinde) : await created(kinde, answer.user);
  const params = JSON.stringify({ hashed_password: event.context.auth.hashedPassword, ...answer.password });
  const set = async () => succeeded(await kinde.put({ endpoint: `users/${id}/password`, params }));
  // without a password the user could not come back
  if (!(await set()) && !(await set())) {
    throw new Error("the password was not stored");
  }
}

async function created(kinde: any, user: any) {
  const { data } = await kinde.post({ endpoint: "user", params: JSON.stringify(user) });
  if (!data?.id) {
    throw new Error("the user was not created");
  }
  return data.id;
}

async function imported(event: any, kinde: any) {
  const email = encodeURIComponent(event.context.auth.providedEmail);
  const id = event.context.user?.id ?? (await kinde.get({ endpoint: `users?email=${email}` })).data?.users?.[0]?.id;
  if (!id) {
    throw new Error("the user was not found");
  }
  return id;
}

function succeeded(answer: any) {
  return Boolean(answer?.data) && !answer.data.errors;
}
