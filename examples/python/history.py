"""The history of a channel as a pandas DataFrame.

    pip install pandas
    CANDLEGATE_TOKEN=… python history.py BTCUSDT 1m
"""

import json
import os
import sys
from urllib.request import Request, urlopen

import pandas as pd

NUMBERS = ["open", "high", "low", "close", "volume", "turnover"]


def history(gateway, token, symbol, interval, limit=1000):
    """The newest closed candles, at most 1000, by start (UTC)."""
    address = f"{gateway}/api/v1/candles/{symbol}/{interval}?limit={limit}"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {token}"})) as answer:
        frame = pd.DataFrame(json.load(answer)["candles"])
    frame = frame[frame["confirm"]].drop(columns=["confirm", "end"])
    frame["start"] = pd.to_datetime(frame["start"], unit="ms", utc=True)
    # The gateway gives decimal strings; take `decimal.Decimal` instead where floats will not do.
    return frame.astype({name: float for name in NUMBERS}).set_index("start")


if __name__ == "__main__":
    symbol, interval = sys.argv[1:3] if len(sys.argv) > 2 else ("BTCUSDT", "1m")
    gateway = os.environ.get("CANDLEGATE_URL", "http://127.0.0.1:8000")
    candles = history(gateway, os.environ["CANDLEGATE_TOKEN"], symbol, interval)
    candles["sma20"] = candles["close"].rolling(20).mean()
    print(candles[["close", "volume", "sma20"]].tail())
    print(f"{len(candles)} candles from {candles.index[0]} to {candles.index[-1]}")
