// Compiles contracts, deploys them on a chain of its own, and asks their `verifyProof`.
//
// In, as JSON: { contracts: [source], calls: [{ contract, a, b, c, input }] }, with arguments in hexadecimal.
// Out: { contracts: [{ interface, bytes }], answers: ["true" | "false" | "reverted"] }.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const modules = join(process.env.PULSEPROOF_CIRCOM, "node_modules");
const solc = createRequire(join(modules, "solc", "package.json"))("solc");
const job = JSON.parse(readFileSync(0, "utf8"));

function compile(source) {
  const settings = {
    optimizer: { enabled: true },
    outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "evm.methodIdentifiers"] } },
  };
  const input = { language: "Solidity", sources: { "verifier.sol": { content: source } }, settings };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length > 0) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
  const { abi, evm } = output.contracts["verifier.sol"].Groth16Verifier;
  const [[signature, selector]] = Object.entries(evm.methodIdentifiers);
  return {
    signature,
    selector,
    mutability: abi.find((entry) => entry.name === "verifyProof").stateMutability,
    code: evm.bytecode.object,
    bytes: evm.deployedBytecode.object.length / 2,
  };
}

const word = (number) => number.toString(16).padStart(64, "0");

// Byte strings stand behind the words, with their places among them.
function encode({ signature, selector }, { a, b, c, input }) {
  if (!signature.includes("bytes")) return "0x" + selector + a + b + c + input;
  const tails = [a, b, c].map((bytes) => word(bytes.length / 2) + bytes + "0".repeat((64 - (bytes.length % 64)) % 64));
  let at = 3 * 32 + input.length / 2;
  const heads = tails.map((tail) => {
    const head = word(at);
    at += tail.length / 2;
    return head;
  });
  return "0x" + selector + heads.join("") + input + tails.join("");
}

// The node says where it listens.
async function listen(node) {
  let heard = "";
  for await (const chunk of node.stdout) {
    heard += chunk;
    const address = heard.match(/Listening on ([\d.:]+)/);
    if (address) return "http://" + address[1];
  }
  throw new Error("no node: " + heard);
}

async function rpc(url, method, ...params) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { result, error } = await response.json();
  if (error) throw new Error(error.message);
  return result;
}

async function deploy(url, from, code) {
  const hash = await rpc(url, "eth_sendTransaction", { from, data: "0x" + code, gas: "0xe4e1c0" });
  let receipt = null;
  for (let tries = 0; receipt === null && tries < 200; tries++) {
    if (tries > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    receipt = await rpc(url, "eth_getTransactionReceipt", hash);
  }
  if (receipt?.status !== "0x1") throw new Error("a contract is not taken");
  return receipt.contractAddress;
}

async function ask(url, to, data) {
  try {
    const answer = await rpc(url, "eth_call", { to, data, gas: "0xe4e1c0" }, "latest");
    return answer === "0x" + word(1) ? "true" : answer === "0x" + word(0) ? "false" : answer;
  } catch (error) {
    return /revert/i.test(error.message) ? "reverted" : error.message;
  }
}

const contracts = job.contracts.map(compile);
const anvil = join(modules, "@foundry-rs", "anvil", "bin.mjs");
const node = spawn("node", [anvil, "--port", "0", "--hardfork", "osaka"], { stdio: ["ignore", "pipe", "inherit"] });
try {
  const url = await listen(node);
  const [from] = await rpc(url, "eth_accounts");
  const addresses = [];
  for (const { code } of contracts) addresses.push(await deploy(url, from, code));
  const answers = [];
  for (const call of job.calls) {
    answers.push(await ask(url, addresses[call.contract], encode(contracts[call.contract], call)));
  }
  const described = contracts.map(({ signature, mutability, bytes }) => ({ interface: `${signature} ${mutability}`, bytes }));
  process.stdout.write(JSON.stringify({ contracts: described, answers }));
} finally {
  node.kill("SIGTERM");
}
