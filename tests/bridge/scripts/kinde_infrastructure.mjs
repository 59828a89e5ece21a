// In place of @kinde/infrastructure: encrypts as Kinde does, and records what the workflow does.
import crypto from "node:crypto";

export const calls = [];
export const WorkflowTrigger = { ExistingPasswordProvided: "user:existing_password_provided" };
export const getEnvironmentVariable = (name) => ({ value: process.env[name] ?? "", isSecret: false });
export const invalidateFormField = (field, message) => calls.push(`${field}: ${message}`);

export async function secureFetch(url, { method, headers, body }) {
  const nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv("aes-256-gcm", Buffer.from(process.env.KEY, "base64"), nonce);
  const text = Buffer.concat([cipher.update(JSON.stringify(body), "utf8"), cipher.final()]);
  const sealed = Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("base64url");
  const answer = await fetch(url, { method, headers, body: sealed });
  const said = await answer.text();
  return { data: said === "" ? undefined : JSON.parse(said) };
}

export async function createKindeAPI() {
  const call = (method) => async ({ endpoint, params }) => {
    calls.push([method, endpoint, params ? JSON.parse(params) : null]);
    if (process.env.FAILS && endpoint.endsWith(process.env.FAILS)) {
      return { data: { errors: [{ code: "FAILED" }] } };
    }
    const found = endpoint.startsWith("users?") ? { users: [{ id: "kp_7" }] } : { code: "OK" };
    return { data: endpoint === "user" ? { id: "kp_1", created: true } : found };
  };
  return { get: call("GET"), post: call("POST"), put: call("PUT") };
}
