// Calls orc1 until SIGTERM, and prints as JSON how many calls ended in which way. It tries nothing
// again: what is tried again, the library does.
//
//	node load.js grpc-js|connect-node HOST:PORT CALLS_IN_FLIGHT DESCRIPTORS
//
// DESCRIPTORS is a file with the contract as a FileDescriptorSet: no code has to be generated.
import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { Client, credentials } from "@grpc/grpc-js";

const REQUEST = { name: "krithik" };
const RESPONSE = "krithik 7 70";
const CALLERS = { "grpc-js": grpcJs, "connect-node": connectNode };

const [library, address, inFlight, descriptors] = process.argv.slice(2);
const contract = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
const call = CALLERS[library](address, contract.getService("user.Orchestrator1Service"));
const counts = {};
let stopping = false;

process.on("SIGTERM", () => (stopping = true));
await Promise.all(Array.from({ length: Number(inFlight) }, callOneByOne));
console.log(JSON.stringify(counts));
process.exit();

function grpcJs(address, service) {
  const { input, output } = service.method.getUserByName;
  const path = `/${service.typeName}/GetUserByName`;
  const client = new Client(address, credentials.createInsecure());
  const encode = (request) => Buffer.from(toBinary(input, create(input, request)));
  const decode = (bytes) => fromBinary(output, bytes);
  return () =>
    new Promise((resolve, reject) => {
      const ended = (error, user) => (error ? reject(error) : resolve(user));
      client.makeUnaryRequest(path, encode, decode, REQUEST, ended);
    });
}

function connectNode(address, service) {
  const client = createClient(service, createGrpcTransport({ baseUrl: `http://${address}` }));
  return () => client.getUserByName(REQUEST);
}

async function callOneByOne() {
  while (!stopping) {
    const outcome = await call().then(outcomeOf, (error) => error.message);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
}

function outcomeOf(user) {
  const response = `${user.name} ${user.class} ${user.roll}`;
  return response === RESPONSE ? "OK" : `a wrong response: ${response}`;
}
