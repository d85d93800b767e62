// Starts an MCP server over its standard streams, lists its tools and resources, and makes the calls of a JSON file:
//   node mcp.mjs CALLS.json COMMAND ARGUMENT…       where @URL in an argument stands for DATABASE_URL
// Prints each answer's text.
import { readFileSync } from 'node:fs';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [calls, command, ...given] = process.argv.slice(2);
const args = given.map((argument) => argument.replace('@URL', process.env.DATABASE_URL));
const env = { ...process.env, DATABASE_URI: process.env.DATABASE_URL };
const client = new Client({ name: 'capture', version: '1.0.0' });
await client.connect(new StdioClientTransport({ command, args, env, stderr: 'inherit' }));

const say = (name, answer) => {
  const parts = answer.content ?? answer.contents ?? [];
  console.log(`${name}${answer.isError ? ' failed' : ''}: ${parts.map((part) => part.text).join('\n')}`);
};
const attempt = async (name, act) => {
  try {
    say(name, await act());
  } catch (error) {
    console.log(`${name} failed: ${error.message}`);
  }
};
const able = client.getServerCapabilities();
console.log('tools:', (await client.listTools()).tools.map((tool) => tool.name).join(' '));
if (able.resources) {
  for (const { uri, name } of (await client.listResources()).resources) {
    await attempt(`resource ${name}`, () => client.readResource({ uri }));
  }
}
for (const [name, given] of JSON.parse(readFileSync(calls, 'utf8'))) {
  await attempt(`${name} ${JSON.stringify(given)}`, () => client.callTool({ name, arguments: given }));
}
await client.close();
