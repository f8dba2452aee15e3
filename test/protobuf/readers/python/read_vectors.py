"""Reads vectors.json with the code that protoc generates for Python, and compares with the JSON form.

Written from candlegate.proto alone: what a client in Python would do. Usage:
read_vectors.py VECTORS, with the folder of the generated module on PYTHONPATH.
"""

import calendar
import json
import re
import sys
import time

import candlegate_pb2 as pb

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60


def next_start(interval, start_ms):
    if interval == "M":
        day = time.gmtime(start_ms / 1000)
        year, month = divmod(day.tm_year * 12 + day.tm_mon, 12)
        return calendar.timegm((year, month + 1, 1, 0, 0, 0)) * 1000
    minutes = {"D": DAY_MINUTES, "W": 7 * DAY_MINUTES}.get(interval)
    return start_ms + (minutes or int(interval)) * MINUTE_MS


def spell(mantissa, scale):
    digits = str(abs(mantissa)).rjust(scale + 1, "0")
    whole = digits[: len(digits) - scale]
    fraction = digits[len(digits) - scale :].rstrip("0")
    sign = "-" if mantissa < 0 else ""
    return sign + whole + ("." + fraction if fraction else "")


def respell(candle, spelling):
    for name in ("open", "high", "low", "close", "volume", "turnover"):
        if spelling.HasField(name):
            candle[name] = getattr(spelling, name)


def scales_of(packed):
    return packed & 15, packed >> 4 & 15, packed >> 8 & 15


def candle_of(start, end, prices, volume, turnover, scales, confirm):
    price, volumes, turnovers = scales_of(scales)
    open_, high, low, close = prices
    return {
        "start": start,
        "end": end,
        "open": spell(open_, price),
        "high": spell(high, price),
        "low": spell(low, price),
        "close": spell(close, price),
        "volume": spell(volume, volumes),
        "turnover": spell(turnover, turnovers),
        "confirm": confirm,
    }


SOURCES = {pb.SOURCE_BYBIT: "bybit", pb.SOURCE_SIMULATOR: "simulator"}
STATES = {pb.FEED_STATE_LIVE: "live", pb.FEED_STATE_STALE: "stale", pb.FEED_STATE_DOWN: "down"}


class Connection:
    """What one connection has been told; reads its messages in order."""

    def __init__(self):
        self.aliases = {}

    def learn(self, alias, channel, epoch):
        if alias and epoch:
            self.aliases[alias] = (channel, epoch)

    def read(self, data):
        message = pb.ServerMessage.FromString(data)
        kind = message.WhichOneof("body")
        body = getattr(message, kind)
        fields = getattr(self, kind)(body)
        head = {"type": kind}
        if "id" in body.DESCRIPTOR.fields_by_name and body.HasField("id"):
            head["id"] = body.id
        return head | fields

    def candle(self, body):
        if body.channel:
            self.learn(body.alias, body.channel, body.epoch)
        channel, epoch = self.aliases[body.alias]
        _, symbol, interval = channel.split(":")
        start = body.start_ms or body.start_minutes * MINUTE_MS
        end = body.end_ms if body.HasField("end_ms") else next_start(interval, start) - 1
        open_, high, low, close, *amounts = body.values
        prices = (open_, open_ + high, open_ + low, open_ + close)
        candle = candle_of(start, end, prices, *amounts, body.scales, body.confirm)
        respell(candle, body.spelling)
        fields = {
            "channel": channel,
            "symbol": symbol,
            "interval": interval,
            "epoch": epoch,
            "offset": body.offset,
        }
        previous = body.WhichOneof("previous")
        if previous:
            fields["previous"] = body.previous_ms if previous == "previous_ms" else None
        fields["source"] = SOURCES[body.source]
        if body.backfill:
            fields["backfill"] = True
        fields["candle"] = candle
        fields["times"] = self.times(start, body)
        if body.traceparent:
            fields["traceparent"] = body.traceparent
        return fields

    @staticmethod
    def times(start, body):
        names = ("exchange", "ingest", "published", "gateway")
        if body.exact_times:
            return dict(zip(names, body.exact_times))
        exchange = start + body.times[0]
        ingest = exchange * 1000 + body.times[1]
        published = ingest + body.times[2]
        gateway = published + body.times[3]
        return dict(zip(names, (exchange, ingest / 1000, published / 1000, gateway / 1000)))

    def snapshot(self, body):
        self.learn(body.alias, body.channel, body.epoch)
        fields = {
            "channel": body.channel,
            "epoch": body.epoch,
            "offset": body.offset,
            "source": SOURCES[body.source],
        }
        if body.replay:
            fields["replay"] = True
        if body.more:
            fields["more"] = True
        fields["candles"] = self.columns(body.candles, body.channel.split(":")[2])
        return fields

    @staticmethod
    def columns(columns, interval):
        candles = []
        close = 0
        start = columns.first_start_minutes * MINUTE_MS
        for index, step in enumerate(columns.open):
            if columns.starts_ms:
                start = columns.starts_ms[index]
            elif index > 0:
                jump = columns.start_jumps[index - 1] if columns.start_jumps else 0
                start = next_start(interval, start) + jump * MINUTE_MS
            end = columns.ends_ms[index] if columns.ends_ms else next_start(interval, start) - 1
            open_ = close + step
            close = open_ + columns.close[index]
            prices = (open_, open_ + columns.high[index], open_ + columns.low[index], close)
            confirm = index not in columns.unconfirmed
            amounts = (columns.volume[index], columns.turnover[index])
            candles.append(candle_of(start, end, prices, *amounts, columns.scales, confirm))
        for spelled in columns.spelled:
            respell(candles[spelled.index], spelled.spelling)
        return candles

    def heads(self, heads):
        result = []
        for head in heads:
            epoch = head.epoch if head.HasField("epoch") else None
            self.learn(head.alias, head.channel, epoch)
            fields = {
                "channel": head.channel,
                "epoch": epoch,
                "offset": head.offset,
                "lastClosed": head.last_closed if head.HasField("last_closed") else None,
                "state": STATES[head.state],
            }
            if head.HasField("recovered"):
                fields["recovered"] = head.recovered
            result.append(fields)
        return result

    def heartbeat(self, body):
        return {
            "time": body.time,
            "source": SOURCES[body.source],
            "channels": self.heads(body.channels),
        }

    def subscribed(self, body):
        return {"source": SOURCES[body.source], "channels": self.heads(body.channels)}

    def welcome(self, body):
        return {
            "protocol": body.protocol,
            "connection": body.connection,
            "gateway": body.gateway,
            "source": SOURCES[body.source],
            "time": body.time,
            "heartbeatMs": body.heartbeat_ms,
            "expiresAt": body.expires_at,
            "limits": {
                "subscriptions": body.limits.subscriptions,
                "messageBytes": body.limits.message_bytes,
                "messagesPerSecond": body.limits.messages_per_second,
                "connections": body.limits.connections,
                "requestsPerMinute": body.limits.requests_per_minute,
            },
        }

    def unsubscribed(self, body):
        return {"channels": list(body.channels)}

    def pong(self, body):
        return {"time": body.time}

    def authenticated(self, body):
        return {"expiresAt": body.expires_at}

    def token_expiring(self, body):
        return {"expiresAt": body.expires_at}

    def error(self, body):
        fields = {"code": body.code, "message": body.message}
        if body.HasField("channel"):
            fields["channel"] = body.channel
        return fields

    def going_away(self, body):
        return {"reconnectDelayMs": body.reconnect_delay_ms}


def client_message(fields):
    """The bytes that a client in Python would send for a message in its JSON form."""
    fields = dict(fields)
    kind = fields.pop("type")
    message = pb.ClientMessage()
    if "id" in fields:
        message.id = fields.pop("id")
    body = getattr(message, kind)
    body.SetInParent()
    for name, value in fields.items():
        if name == "channels":
            body.channels.extend(value)
        elif name == "since":
            body.since.update(value)
        else:
            setattr(body, re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name), value)
    return message.SerializeToString()


def main(path):
    with open(path, encoding="utf-8") as file:
        vectors = json.load(file)
    connection = Connection()
    failures = 0
    for vector in vectors:
        data = bytes.fromhex(vector["hex"])
        if vector["from"] == "server":
            got, expected = connection.read(data), vector["json"]
        else:
            got, expected = client_message(vector["json"]).hex(), vector["hex"]
        if got != expected:
            failures += 1
            print(f"{vector['name']}:\n  got      {got}\n  expected {expected}", file=sys.stderr)
    print(f"Python: {len(vectors) - failures} of {len(vectors)} vectors agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
