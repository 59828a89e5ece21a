import { calls } from "@kinde/infrastructure";
import Workflow from "./Workflow.mjs";

console.error = () => {};
await Workflow(JSON.parse(process.env.EVENT));
console.log(JSON.stringify(calls));
