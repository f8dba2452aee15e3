// What `helm test` runs: takes a token (CANDLEGATE_TOKEN, or one signed with CANDLEGATE_JWT_SECRET),
// connects to CANDLEGATE_URL and ends with 0 when a candle of CHANNEL has come within TIMEOUT_SECONDS.
// With TLS the first of AUTHORITIES that is there is trusted beside those of Node, and the name in the URL is
// looked for at SERVICE.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const {
  CLI = '/app/dist/cli.js',
  CHANNEL,
  TIMEOUT_SECONDS = '60',
  AUTHORITIES,
  ...environment
} = process.env;
const authorities = AUTHORITIES?.split(',').find((file) => existsSync(file));
const preload = new URL('connect-to-service.mjs', import.meta.url).href;
const options = environment.SERVICE === undefined ? [] : ['--import', preload];

function candlegate(args, env) {
  return execFileSync(process.execPath, [...options, CLI, ...args], {
    env: {
      ...environment,
      ...(authorities === undefined ? {} : { NODE_EXTRA_CA_CERTS: authorities }),
      ...env,
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: Number(TIMEOUT_SECONDS) * 1000,
  }).trim();
}

const token =
  environment.CANDLEGATE_TOKEN ??
  candlegate(['token', '--sub', 'helm-test', '--ttl', '10m', '--channels', CHANNEL], {});
const line = candlegate(['stream', '--format', 'json', '--count', '1', CHANNEL], {
  CANDLEGATE_TOKEN: token,
});
const { channel, candle } = JSON.parse(line);
if (channel !== CHANNEL) throw new Error(`a candle of ${channel} came instead of ${CHANNEL}`);
console.log(`${channel} start ${candle.start} close ${candle.close}`);
