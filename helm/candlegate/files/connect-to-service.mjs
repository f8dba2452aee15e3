// Preloaded by receive-a-candle.mjs where the port speaks TLS: the name in CANDLEGATE_URL is one of the
// certificate, and whoever connects to it is to reach SERVICE in this cluster instead of what DNS says.
import dns from 'node:dns';

const { SERVICE, CANDLEGATE_URL } = process.env;
const { hostname } = new URL(CANDLEGATE_URL);
const { lookup } = dns;
dns.lookup = (name, ...rest) => lookup(name === hostname ? SERVICE : name, ...rest);
