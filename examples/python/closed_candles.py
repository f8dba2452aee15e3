"""Prints every closed candle of a channel once and in order, whatever happens to the gateway.

    pip install websockets
    CANDLEGATE_TOKEN=… python closed_candles.py BTCUSDT 1m
"""

import asyncio
import json
import os
import random
import sys
from datetime import datetime, timezone

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

# Closes after which the same credential will not do (PROTOCOL.md, "Close codes").
FINAL_CLOSES = {4400, 4401, 4402, 4403}


async def closed_candles(gateway, token, symbol, interval):
    """Yields candles as the gateway sends them; prices and volumes are decimal strings."""
    path = f"{gateway}/api/v1/live/ws/candles/{symbol}/{interval}"
    headers = {"Authorization": f"Bearer {token}"}
    since = None  # start of the last closed candle that we have
    failures = 0
    while True:
        delay = random.uniform(0, min(30, 0.5 * 2**failures))
        failures += 1
        try:
            query = "snapshot=0" if since is None else f"since={since}"
            async with connect(f"{path}?{query}", additional_headers=headers) as socket:
                async for text in socket:
                    message = json.loads(text)
                    candles = []
                    if message["type"] == "subscribed":
                        failures = 0
                        (head,) = message["channels"]
                        if since is None:
                            since = head["lastClosed"]
                        if head.get("recovered") is False:
                            print("gap: the gateway's history is too short", file=sys.stderr)
                    elif message["type"] == "snapshot":
                        candles = message["candles"]
                    elif message["type"] == "candle":
                        candles = [message["candle"]]
                    elif message["type"] == "going_away":
                        delay = message["reconnectDelayMs"] / 1000
                    for candle in candles:
                        # Repeats are allowed; what we have is passed over.
                        if candle["confirm"] and (since is None or candle["start"] > since):
                            since = candle["start"]
                            yield candle
        except InvalidStatus as refusal:
            if refusal.response.status_code < 429:
                raise SystemExit(f"refused: {refusal.response.body.decode()}")
        except ConnectionClosed as closed:
            if closed.rcvd and closed.rcvd.code in FINAL_CLOSES:
                raise SystemExit(f"closed: {closed.rcvd}")
        except (OSError, TimeoutError, InvalidHandshake):
            pass
        print(f"reconnecting in {delay:.1f} s", file=sys.stderr)
        await asyncio.sleep(delay)


async def main():
    gateway = os.environ.get("CANDLEGATE_URL", "ws://127.0.0.1:8000")
    token = os.environ["CANDLEGATE_TOKEN"]
    symbol, interval = sys.argv[1:3] if len(sys.argv) > 2 else ("BTCUSDT", "1m")
    async for candle in closed_candles(gateway, token, symbol, interval):
        start = datetime.fromtimestamp(candle["start"] / 1000, timezone.utc)
        print(f"{start:%Y-%m-%d %H:%M} {candle['start']} {candle['close']}", flush=True)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
